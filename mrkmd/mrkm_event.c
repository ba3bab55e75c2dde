// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: log lines with limits, and notifications.
 */
#include <zebra.h>

#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_advice.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_limit.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_refusal.h"

/* What may pass in a window. */
#define STRANGER 1 /* what anybody can cause */
#define FRIEND 20  /* what only an authenticated peer can */

static struct {
	struct mrkm_limiter named[MRKM_LIMIT_MAX];
	struct mrkm_limiter drops[GIKEV2_ERR_MAX];
	struct mrkm_limiter events[GIKEV2_EVENT_MAX][GIKEV2_ERR_MAX];
} limiters;

static bool pass(struct mrkm_limiter *limiter, uint32_t most,
		 uint64_t *suppressed)
{
	return mrkm_limiter_pass(limiter, most, mrkm_now(), suppressed);
}

static void log_line(int priority, const char *line, uint64_t suppressed)
{
	if (suppressed)
		zlog(priority,
		     "mrkm: %s (%" PRIu64
		     " more like this one were not logged)",
		     line, suppressed);
	else
		zlog(priority, "mrkm: %s", line);
}

void mrkm_log_limited(enum mrkm_limit limit, int priority, const char *format,
		      ...)
{
	uint64_t suppressed;
	char line[1024];
	va_list ap;

	if (!pass(&limiters.named[limit], STRANGER, &suppressed))
		return;
	va_start(ap, format);
	vsnprintfrr(line, sizeof(line), format, ap);
	va_end(ap);
	log_line(priority, line, suppressed);
}

void mrkm_log_drop(int err, const struct gikev2_path *path)
{
	char line[256], remote[64];
	uint64_t suppressed;

	if (!DEBUG_MODE_CHECK(&mrkm_dbg_packets, DEBUG_MODE_ALL) ||
	    !pass(&limiters.drops[abs(err)], STRANGER, &suppressed))
		return;
	snprintf(line, sizeof(line), "datagram of %s dropped: %s",
		 gikev2_endpoint_text(&path->remote, remote, sizeof(remote)),
		 gikev2_err_text(err));
	log_line(LOG_DEBUG, line, suppressed);
}

/* ------------------------------------------------------------ engine events */

enum side {
	MEMBER,
	SERVER
};

static const struct {
	enum side side;
	int priority;
	uint32_t most; /* in a window */
	const char *notification;
} kinds[GIKEV2_EVENT_MAX] = {
	/* clang-format off */
	[GIKEV2_EVENT_REGISTERED] = { MEMBER, LOG_INFO, FRIEND, "registered" },
	[GIKEV2_EVENT_REGISTRATION_FAILED] = { MEMBER, LOG_WARNING, STRANGER, "registration-failed" },
	[GIKEV2_EVENT_SERVER_LOST] = { MEMBER, LOG_WARNING, FRIEND, "server-lost" },
	[GIKEV2_EVENT_REKEYED] = { MEMBER, LOG_INFO, FRIEND, "rekeyed" },
	[GIKEV2_EVENT_POLICY_REFUSED] = { MEMBER, LOG_ERR, FRIEND, "policy-refused" },
	[GIKEV2_EVENT_EXCLUDED] = { MEMBER, LOG_ERR, FRIEND, "excluded" },
	[GIKEV2_EVENT_REKEY_LOST] = { MEMBER, LOG_NOTICE, FRIEND, "rekey-lost" },
	[GIKEV2_EVENT_KEYS_EXPIRED] = { MEMBER, LOG_ALERT, FRIEND, "keys-expired" },
	[GIKEV2_EVENT_KEYS_RESTORED] = { MEMBER, LOG_INFO, FRIEND, "keys-restored" },
	[GIKEV2_EVENT_MEMBER_REGISTERED] = { SERVER, LOG_INFO, FRIEND, "member-registered" },
	[GIKEV2_EVENT_MEMBER_REFUSED] = { SERVER, LOG_WARNING, STRANGER, "member-refused" },
	[GIKEV2_EVENT_MEMBER_GONE] = { SERVER, LOG_WARNING, FRIEND, "member-gone" },
	[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED] = { SERVER, LOG_DEBUG, FRIEND, "member-acknowledged" },
	[GIKEV2_EVENT_MEMBER_LATE] = { SERVER, LOG_WARNING, FRIEND, "member-late" },
	[GIKEV2_EVENT_CLEARED] = { SERVER, LOG_NOTICE, FRIEND, "cleared" },
	[GIKEV2_EVENT_ROLLED] = { SERVER, LOG_INFO, FRIEND, "rolled" },
	/* clang-format on */
};

static const char *group_name(const struct gikev2_event *event)
{
	if (!event->cookie)
		return NULL;
	if (kinds[event->type].side == MEMBER)
		return ((struct mrkm_group *)event->cookie)->config.name;
	return ((struct mrkm_ks_group *)event->cookie)->config.name;
}

/* What is known in detail says what the reason says, and more. */
static const char *reason_text(const struct gikev2_event *event)
{
	if (event->type == GIKEV2_EVENT_MEMBER_REFUSED && event->cookie &&
	    event->peer && event->err == -GIKEV2_ERR_NOT_AUTHORIZED &&
	    mrkm_exclusion_bars(event->cookie, event->peer))
		return "excluded from that group by command";
	return event->detail ? event->detail : gikev2_err_text(event->err);
}

static void describe(const struct gikev2_event *event, char *line, size_t size)
{
	const char *group = group_name(event);
	char peer[300], remote[64], at[400] = "";

	if (event->peer)
		snprintf(at, sizeof(at), ": %s",
			 gikev2_id_text(event->peer, peer, sizeof(peer)));
	if (event->path)
		snprintf(at + strlen(at), sizeof(at) - strlen(at), "%s %s",
			 event->peer ? " at" : ":",
			 gikev2_endpoint_text(&event->path->remote, remote,
					      sizeof(remote)));
	snprintf(line, size, "group %s: %s%s", group ? group : "unknown",
		 gikev2_event_text(event->type), at);
	if (!event->err)
		return;
	snprintf(line + strlen(line), size - strlen(line), ": %s",
		 reason_text(event));
	/* The advice is for the member's operator; a server has many. */
	if (kinds[event->type].side == MEMBER)
		snprintf(line + strlen(line), size - strlen(line), ": %s",
			 mrkm_advice(event->err));
}

static void notify(const struct gikev2_event *event)
{
	struct mrkm_notification notification = {
		.name = kinds[event->type].notification,
		.group = group_name(event),
	};
	char peer[300], address[INET6_ADDRSTRLEN];

	if (event->path)
		notification.address = mrkm_address_text(
			&event->path->remote, address, sizeof(address));
	if (event->peer)
		notification.peer =
			gikev2_id_text(event->peer, peer, sizeof(peer));
	if (event->err)
		notification.reason = reason_text(event);
	if (kinds[event->type].side == MEMBER)
		mrkm_notify_member(&notification);
	else
		mrkm_notify_server(&notification);
}

/* Logs have limits; what `show` says of a member is true all the same. */
static void remember_refusal(const struct gikev2_event *event)
{
	if (event->type == GIKEV2_EVENT_MEMBER_REFUSED && event->path)
		mrkm_refusal_note(event->cookie, event->peer,
				  &event->path->remote, reason_text(event),
				  event->now);
	else if (event->type == GIKEV2_EVENT_MEMBER_REGISTERED && event->peer) {
		mrkm_refusal_forget(event->cookie, event->peer);
		mrkm_exclusion_registered(event->cookie, event->peer);
	}
}

/* Who is refused after it proved who it is, is no stranger. */
static uint32_t most_of(const struct gikev2_event *event)
{
	if (event->type == GIKEV2_EVENT_MEMBER_REFUSED &&
	    (event->err == -GIKEV2_ERR_NOT_AUTHORIZED ||
	     event->err == -GIKEV2_ERR_OTHER_PROOF ||
	     event->err == -GIKEV2_ERR_MEMBER_LIMIT))
		return FRIEND;
	return kinds[event->type].most;
}

static void log_event(const struct gikev2_event *event, uint64_t suppressed)
{
	char line[2048];

	if (kinds[event->type].priority == LOG_DEBUG &&
	    !DEBUG_MODE_CHECK(&mrkm_dbg_events, DEBUG_MODE_ALL))
		return;
	describe(event, line, sizeof(line));
	log_line(kinds[event->type].priority, line, suppressed);
}

/*
 * A log has limits; whoever subscribes to notifications gets all that strangers
 * cannot cause.
 */
void mrkm_event(const struct gikev2_event *event)
{
	struct mrkm_limiter *limiter =
		&limiters.events[event->type][abs(event->err)];
	uint32_t most = most_of(event);
	uint64_t suppressed;
	bool passed;

	if (kinds[event->type].side == MEMBER)
		mrkm_group_event(event->cookie, event);
	else
		remember_refusal(event);
	if (event->type == GIKEV2_EVENT_ROLLED)
		mrkm_ks_rolled(event->cookie);
	passed = pass(limiter, most, &suppressed);
	if (passed)
		log_event(event, suppressed);
	if (passed || most == FRIEND)
		notify(event);
}

void mrkm_event_member(const char *name, const struct mrkm_ks_group *group,
		       const struct gikev2_id *identity, const char *reason)
{
	char peer[300];
	struct mrkm_notification notification = {
		.name = name,
		.group = group->config.name,
		.peer = gikev2_id_text(identity, peer, sizeof(peer)),
		.reason = reason,
	};

	mrkm_notify_server(&notification);
}

/* ------------------------------------------------------------- key channel */

void mrkm_event_key_result(const struct mrkm_key_status *status)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(status->protocol);
	const char *name = protocol ? protocol->name : "unknown protocol";
	struct mrkm_notification notification = {
		.group = status->group,
		.protocol = name,
		.key_chain = status->key_chain,
		.daemon = status->daemon,
		.reason = mrkm_err_text(status->result),
	};
	char key[64] = ""; /* id 0: it is about the key chain as a whole */

	if (status->result == MRKM_ERR_OK ||
	    status->result == MRKM_ERR_PENDING) {
		DEBUGD(&mrkm_dbg_keys,
		       "mrkm: group %s: %s key %u in key chain %s of %s: %s",
		       status->group, name, status->id, status->key_chain,
		       status->daemon, mrkm_err_text(status->result));
		return;
	}
	if (status->id)
		snprintf(key, sizeof(key), "%s key %u for ", name, status->id);
	mrkm_log_limited(MRKM_LIMIT_KEY_REFUSED, LOG_ERR,
			 "group %s: %s refused %skey chain %s: %s",
			 status->group, status->daemon, key, status->key_chain,
			 mrkm_err_text(status->result));
	mrkm_notify_key_refused(&notification);
}
