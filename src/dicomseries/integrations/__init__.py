"""Parts of other frameworks that write DICOM series: one module for each framework.

They import the framework only when they are used, and nothing else here imports them.
"""
