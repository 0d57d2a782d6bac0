"""The copilot itself: a FastAPI service, watched by Watchkeeper as any other would be."""
