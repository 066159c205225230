"""Certificates, enrolment and key wrapping."""
