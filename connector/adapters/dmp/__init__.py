"""Readers of DMP deposits: XDS.b, FHIR PDSm."""
