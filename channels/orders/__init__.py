"""Shops and booking systems that push orders, payments and deliveries as Standard Webhooks."""
