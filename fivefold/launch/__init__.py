"""Where members run: in this process, in processes, one per core or a few per GPU, over a cluster.

A launcher knows nothing of nets: it carries orders to a worker and its words back.
"""
