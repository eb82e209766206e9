"""step3_expand"""
