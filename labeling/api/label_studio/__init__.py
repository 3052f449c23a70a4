"""A subset of Label Studio's REST API over our nouns, for its Python SDK: docs/how-to/label-studio-sdk.md."""
