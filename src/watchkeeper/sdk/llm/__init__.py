"""Model calls through the official clients of Anthropic and OpenAI: counted, timed and priced."""
