"""Watchkeeper's root exports the SDK's names lazily: `import watchkeeper` loads nothing else."""
