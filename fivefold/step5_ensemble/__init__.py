"""step5_ensemble"""
