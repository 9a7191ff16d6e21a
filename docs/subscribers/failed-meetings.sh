#!/bin/sh
# Print each meeting that failed, with all that is known about why: failed-meetings.sh BOOTSTRAP [PREFIX]
kcat -q -u -b "$1" -X auto.offset.reset=earliest -f '%h\t%s\n' -G "${2}our-team.failures" "${2}meetings.events" |
    while IFS="$(printf '\t')" read -r headers fact; do
        type=${headers#*ce_type=}
        if [ "${type%%,*}" = meeting.failed ]; then
            printf '%s\n' "$fact"
        fi
    done
