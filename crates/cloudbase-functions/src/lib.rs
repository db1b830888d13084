//! Cloud functions, cloud hosting and APIs for the CloudBase SDK.
