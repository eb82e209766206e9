"""step2_gather"""
