"""Step 2, gather: every item decoded once, bad ones set apart with a reason, test rows sealed."""
