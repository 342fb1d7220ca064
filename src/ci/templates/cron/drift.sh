#!/bin/sh
# Says something only when there is something to say, so that cron sends mail only then.
set -u
status=0
line=$(overlord drift --format line) || status=$?
if [ "$status" != 0 ]; then
  echo "${line:-overlord drift: it could not be looked at}"
fi
exit "$status"
