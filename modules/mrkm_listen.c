// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Room for those who wait to be accepted.
 *
 * zebra lets five clients wait.  It is one of its own here, and its one thread
 * cannot accept anybody while it connects: without room it would wait for itself
 * for ever, and all daemons with it.  So it is when all of them start at once on
 * a slow machine.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <string.h>

#include "modules/mrkm_listen.h"

/* What listens was opened early. */
#define FDS_MAX 1024

static bool listens_at(int fd, const struct sockaddr *address, socklen_t len)
{
	struct sockaddr_storage own = { 0 };
	socklen_t own_len = sizeof(own), on_len = sizeof(int);
	int on = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_len) < 0 || !on)
		return false;
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0 ||
	    own.ss_family != address->sa_family)
		return false;
	/* of a path the length is told in more than one way */
	if (own.ss_family == AF_UNIX)
		return strncmp(((struct sockaddr_un *)&own)->sun_path,
			       ((const struct sockaddr_un *)address)->sun_path,
			       sizeof(((struct sockaddr_un *)&own)->sun_path)) ==
		       0;
	return own_len == len && memcmp(&own, address, len) == 0;
}

bool mrkm_listen_widen(const struct sockaddr *address, socklen_t len)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		/* for one that listens already, only the number changes */
		if (listens_at(fd, address, len) && listen(fd, SOMAXCONN) == 0)
			return true;
	return false;
}
