#!/bin/sh
exec /usr/sbin/uwand netifd "$@"
