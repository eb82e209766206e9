"""Public data sets: which there are, who publishes them, how they come here whole or not at all.

Read `sets/*.toml` for the records, `fetch` for the order of things, `transfer` for one file.
"""
