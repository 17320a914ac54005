"""Readers of MSSanté messages: relay logs, mailboxes, HL7 v2 document flow."""
