"""The federation's log carrier, query relay and enrolment."""
