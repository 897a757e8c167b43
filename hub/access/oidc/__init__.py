"""Login at a provider (OpenID Connect Core 1.0, authorization code with PKCE): documents, tokens, claims."""
