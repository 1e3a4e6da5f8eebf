"""Make a Prefect server as the files of ``deployments/`` say: what differs, and each difference taken away.

``prefect deploy`` applies a file's deployments and leaves what is no longer in it (PrefectHQ/prefect#23097). Here what
is ours and no longer wanted is removed too; ours are deployments with the tag ``nianbao``, automations and global
limits whose name begins with ``nianbao: ``. What people made themselves is left alone.
"""
