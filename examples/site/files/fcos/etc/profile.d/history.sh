# Shell history with times.
export HISTTIMEFORMAT='%F %T '
