// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel: lends lib/mrkm's sender a connection to
 * zebra, a clock, and the file that the wrap key is left in.
 */
#include <zebra.h>

#include "frrevent.h"
#include "libfrr.h"
#include "log.h"
#include "monotime.h"
#include "zclient.h"

#include "mrkm/mrkm_zapi.h"
#include "mrkmd/mrkm_channel.h"

static struct {
	struct event_loop *loop;
	struct zclient *zclient;
	struct event *t_expire;
	struct mrkm_sender *sender;
	struct mrkm_channel_callbacks callbacks;
	/* Once the wrap key was left there. */
	char wrap_path[sizeof(frr_runstatedir) + sizeof(MRKM_WRAP_FILE)];
} channel;

static uint64_t now(void)
{
	struct timeval tv;

	monotime(&tv); /* what it returns is in whole seconds */
	return tv.tv_sec * KEYTABLE_SECOND + tv.tv_usec;
}

/* ------------------------------------------------------------------- timer */

static void channel_expire(struct event *event);

/* To be called after everything that may have changed the next deadline. */
static void schedule(void)
{
	uint64_t instant = now();
	uint64_t deadline = mrkm_sender_deadline(channel.sender);
	struct timeval wait = { 0 };

	EVENT_OFF(channel.t_expire);
	if (deadline == KEYTABLE_NEVER)
		return;
	if (deadline > instant) {
		wait.tv_sec = (deadline - instant) / KEYTABLE_SECOND;
		wait.tv_usec = (deadline - instant) % KEYTABLE_SECOND;
	}
	event_add_timer_tv(channel.loop, channel_expire, NULL, &wait,
			   &channel.t_expire);
}

static void channel_expire(struct event *event)
{
	mrkm_sender_expire(channel.sender, now());
	schedule();
}

/* ------------------------------------------------------------- the sender's */

static int sender_send(void *arg, const struct mrkm_peer *to,
		       const uint8_t *octets, size_t len)
{
	return mrkm_zapi_send(channel.zclient, MRKM_ZAPI_TO_RECEIVER, to,
			      octets, len);
}

static void sender_capability(void *arg, uint8_t protocol, uint32_t algorithms)
{
	if (channel.callbacks.capability)
		channel.callbacks.capability(protocol, algorithms);
}

static void sender_result(void *arg, const struct mrkm_key_status *status)
{
	if (channel.callbacks.result)
		channel.callbacks.result(status);
}

/*
 * Leaves the wrap key where receivers look for it.  Not before zebra is there,
 * and so not by a second mrkmd, which ends when it finds the first's pid file.
 */
static void store_wrap_key(void *arg, const struct mrkm_wrap_key *key)
{
	snprintf(channel.wrap_path, sizeof(channel.wrap_path), "%s/%s",
		 frr_runstatedir, MRKM_WRAP_FILE);
	if (mrkm_wrap_key_store(key, channel.wrap_path))
		zlog_err(
			"%s: %s: %s; routing daemons cannot read their keys without it, make its folder writable for the FRR user",
			channel.wrap_path, mrkm_err_text(MRKM_ERR_FILE),
			safe_strerror(errno));
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = sender_send,
	.capability = sender_capability,
	.result = sender_result,
	.wrap_key_missing = store_wrap_key,
};

/* -------------------------------------------------------------------- zebra */

/*
 * First so that answers find us, then so that no receiver is missed: one that
 * registers before the greeting gets it, and of one that registers after it
 * zebra tells.
 */
static void zapi_connected(void)
{
	store_wrap_key(NULL, mrkm_sender_wrap_key(channel.sender));
	mrkm_sender_disconnected(channel.sender);
	mrkm_zapi_register(channel.zclient, MRKM_ZAPI_TO_MRKMD);
	mrkm_zapi_watch(channel.zclient, MRKM_ZAPI_TO_RECEIVER);
	mrkm_sender_connected(channel.sender);
	schedule();
}

/* A counter that doubled is worth a line: a flood makes 64 at most. */
static void log_dropped(const struct mrkm_peer *from, int err)
{
	uint64_t count = mrkm_sender_counters(channel.sender)[-err];

	if ((count & (count - 1)) == 0)
		zlog_warn(
			"key channel: message of %s[%u:%u] dropped: %s (%" PRIu64
			" so far)",
			zebra_route_string(from->proto), from->instance,
			from->session, mrkm_err_text(err), count);
}

static void zapi_message(uint32_t type, const struct mrkm_peer *from,
			 const uint8_t *octets, size_t len)
{
	int err;

	/* zebra returns our own greeting to us, since we watch that type. */
	if (type != MRKM_ZAPI_TO_MRKMD)
		return;
	err = mrkm_sender_input(channel.sender, from, octets, len, now());
	if (err)
		log_dropped(from, err);
	schedule();
}

static void zapi_registered(uint32_t type, const struct mrkm_peer *peer)
{
	if (type != MRKM_ZAPI_TO_RECEIVER)
		return;
	if (peer)
		mrkm_sender_registered(channel.sender, peer, now());
	else
		mrkm_sender_gone(channel.sender, NULL, now());
	schedule();
}

static void zapi_closed(const struct mrkm_peer *peer)
{
	mrkm_sender_gone(channel.sender, peer, now());
	schedule();
}

static const struct mrkm_zapi_callbacks zapi_callbacks = {
	.connected = zapi_connected,
	.message = zapi_message,
	.registered = zapi_registered,
	.closed = zapi_closed,
};

/* ----------------------------------------------------------- begin and end */

int mrkm_channel_init(struct event_loop *loop)
{
	struct mrkm_wrap_key key;
	int err = mrkm_wrap_key_draw(&key);

	if (!err) {
		channel.loop = loop;
		channel.sender = mrkm_sender_new(&sender_callbacks, NULL, &key);
		if (!channel.sender)
			err = -MRKM_ERR_NO_MEMORY;
	}
	mrkm_wrap_key_wipe(&key);
	if (!err)
		channel.zclient =
			mrkm_zapi_new(loop, &mrkm_zapi_mrkmd, &zapi_callbacks);
	else
		zlog_err("key channel: %s; no daemon will get keys",
			 mrkm_err_text(err));
	return err;
}

void mrkm_channel_fini(void)
{
	if (!channel.sender)
		return;
	EVENT_OFF(channel.t_expire);
	mrkm_zapi_free(channel.zclient);
	channel.zclient = NULL;
	mrkm_sender_free(channel.sender);
	channel.sender = NULL;
	if (channel.wrap_path[0])
		unlink(channel.wrap_path);
}

void mrkm_channel_set_callbacks(const struct mrkm_channel_callbacks *callbacks)
{
	channel.callbacks = *callbacks;
}

bool mrkm_channel_connected(void)
{
	return channel.zclient && channel.zclient->sock >= 0;
}

/* --------------------------------------------------- what mrkm_channel.h says */

int mrkm_channel_bind(const char *group, uint8_t protocol,
		      const char *key_chain)
{
	int err;

	if (!channel.sender)
		return -MRKM_ERR_NOT_CONNECTED;
	err = mrkm_sender_bind(channel.sender, group, protocol, key_chain,
			       now());
	schedule();
	return err;
}

int mrkm_channel_set(const char *group, uint8_t protocol, const char *key_chain,
		     const struct keytable_row *rows, size_t count)
{
	int err;

	if (!channel.sender)
		return -MRKM_ERR_NOT_CONNECTED;
	err = mrkm_sender_set(channel.sender, group, protocol, key_chain, rows,
			      count, now());
	schedule();
	return err;
}

void mrkm_channel_unset(const char *group, uint8_t protocol)
{
	if (!channel.sender)
		return;
	mrkm_sender_unset(channel.sender, group, protocol, now());
	schedule();
}

uint32_t mrkm_channel_algorithms(uint8_t protocol)
{
	return channel.sender ? mrkm_sender_algorithms(channel.sender, protocol)
			      : 0;
}

enum mrkm_err mrkm_channel_obstacle(uint8_t protocol)
{
	return channel.sender ? mrkm_sender_obstacle(channel.sender, protocol)
			      : MRKM_ERR_NOT_CONNECTED;
}

void mrkm_channel_visit_receivers(
	void (*visit)(void *arg, const struct mrkm_receiver_status *status),
	void *arg)
{
	if (channel.sender)
		mrkm_sender_visit_receivers(channel.sender, visit, arg);
}

void mrkm_channel_visit_keys(
	void (*visit)(void *arg, const struct mrkm_key_status *status),
	void *arg)
{
	if (channel.sender)
		mrkm_sender_visit_keys(channel.sender, visit, arg);
}

const uint64_t *mrkm_channel_counters(void)
{
	static const uint64_t none[MRKM_ERR_MAX];

	return channel.sender ? mrkm_sender_counters(channel.sender) : none;
}
