"""Salesforce: sign-in, describe, SOQL, Bulk API 2.0, collections and composite over the one HTTP session."""
