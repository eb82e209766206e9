"""Where members run: in this process, in one process per core or GPU, over a cluster.

A launcher knows nothing of nets: it carries orders to a worker and its words back.
"""
