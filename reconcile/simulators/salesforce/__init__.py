"""The practice Salesforce org."""
