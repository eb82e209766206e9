"""step4_train"""
