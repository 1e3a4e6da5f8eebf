"""Reports as files: the portal's documents written as PDF, DOCX, DOC, RTF, OFD, workbooks and archives.

Written byte by byte with nothing beside the standard library and what the project needs anyway, so that the demo needs
no more, and small enough to read: each writer shows what its format must have.
"""
