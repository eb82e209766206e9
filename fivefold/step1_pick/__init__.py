"""step1_pick"""
