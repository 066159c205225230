"""The federation's carrier, relay and enrolment."""
