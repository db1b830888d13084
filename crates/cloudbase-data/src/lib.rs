//! MySQL REST, data models and data sources for the CloudBase SDK.
