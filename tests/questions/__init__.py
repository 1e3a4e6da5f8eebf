"""The page ``docs/questions.md``: its queries run, its answers compared."""
