"""An emulator of the Anthropic Messages and OpenAI Chat Completions wire protocols, with a ledger of what it billed."""
