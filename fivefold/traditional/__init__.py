"""traditional"""
