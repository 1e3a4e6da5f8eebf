"""Questions that have a command or a server of their own, and their answers as files and text."""
