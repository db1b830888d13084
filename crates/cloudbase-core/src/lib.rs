//! Core of the CloudBase SDK: configuration, transport, token-refresh layer, retries, errors.
