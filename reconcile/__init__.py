"""Reconcile: bring Salesforce and a billing system back into agreement."""
