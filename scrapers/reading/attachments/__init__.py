"""Reports that are files: links found on a page, files read to the same words as pages, and which of them counts.

``links`` finds what is attached. ``file_reader.FileReader`` reads a file's bytes in a process of its own, by its
content and never by its name: attachments are hostile until read. ``choosing`` decides which text is the report's.
"""
