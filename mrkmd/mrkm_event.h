// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens becomes a log line and a notification, but never more of them
 * than a stranger should be able to cause.
 */
#ifndef MRKM_EVENT_H
#define MRKM_EVENT_H

#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_channel.h"

/* Log lines that share one limit: what causes them. */
enum mrkm_limit {
	MRKM_LIMIT_PSK,		    /* pre-shared key file */
	MRKM_LIMIT_SERVER_IDENTITY, /* key server with another identity */
	MRKM_LIMIT_OUTPUT,	    /* datagram that could not be sent */
	MRKM_LIMIT_IO_DROP,	    /* dropped in front of the engine */
	MRKM_LIMIT_KEY_REFUSED,	    /* by a daemon */
	MRKM_LIMIT_PROOF,	    /* member that should prove more */
	MRKM_LIMIT_LATE,	    /* member that has not acknowledged */
	MRKM_LIMIT_MAX
};

/*
 * Logs at a syslog priority unless that limit is reached; the next line that
 * passes says how many did not.
 */
void mrkm_log_limited(enum mrkm_limit limit, int priority, const char *format,
		      ...) PRINTFRR(3, 4);

/* The same for datagrams that the engine dropped, with a limit a reason. */
void mrkm_log_drop(int err, const struct gikev2_path *path);

/* The engine's callback. */
void mrkm_event(const struct gikev2_event *event);

/*
 * A decision of this key server that the engine does not tell of, as YANG
 * notification `name`; reason NULL: there is none to give.
 */
void mrkm_event_member(const char *name, const struct mrkm_ks_group *group,
		       const struct gikev2_id *identity, const char *reason);

/* The key channel's callback: a daemon has taken or refused a key. */
void mrkm_event_key_result(const struct mrkm_key_status *status);

#endif /* MRKM_EVENT_H */
