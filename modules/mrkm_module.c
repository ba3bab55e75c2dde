// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkm.so: takes keys from mrkmd into the FRR daemon that loads it (-M mrkm).
 *
 * Nothing here outlives mrkmd's orders but the keys: they stay in use until
 * their lifetime is over, whether mrkmd and zebra are there or not.
 */
#include <zebra.h>

#include <openssl/rand.h>

#include "frrevent.h"
#include "hook.h"
#include "libfrr.h"
#include "log.h"
#include "module.h"
#include "monotime.h"
#include "version.h"
#include "zclient.h"

#include "mrkm/mrkm_zapi.h"
#include "modules/mrkm_hosts.h"
#include "modules/mrkm_module.h"
#include "modules/mrkm_usage.h"

struct mrkm_module mrkm_module;

uint64_t mrkm_module_now(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * KEYTABLE_SECOND + tv.tv_usec;
}

/* ------------------------------------------------------------------ running */

static void module_run(struct event *event);

static void apply_usage(uint64_t instant)
{
	const struct mrkm_usage *usages;
	size_t count;

	usages = mrkm_usage_list(&count);
	mrkm_chains_named(&mrkm_module.chains, usages, count, instant);
}

/* It looks every so often whether the configuration names other key chains. */
void mrkm_module_run(void)
{
	uint64_t instant = mrkm_module_now(), deadline, other;
	struct timeval wait;

	apply_usage(instant);
	deadline = mrkm_chains_run(&mrkm_module.chains, instant);
	other = mrkm_protect_work(instant);
	if (other < deadline)
		deadline = other > instant ? other : instant;
	if (deadline > instant + MRKM_CHAIN_POLL)
		deadline = instant + MRKM_CHAIN_POLL;
	EVENT_OFF(mrkm_module.t_run);
	wait.tv_sec = (deadline - instant) / KEYTABLE_SECOND;
	wait.tv_usec = (deadline - instant) % KEYTABLE_SECOND;
	event_add_timer_tv(mrkm_module.loop, module_run, NULL, &wait,
			   &mrkm_module.t_run);
}

static void module_run(struct event *event)
{
	if (mrkm_keychain_gone())
		return;
	mrkm_usage_refresh();
	mrkm_module_run();
}

/* ------------------------------------------------------------ the key chains */

static int chain_random(void *arg, uint8_t *octets, size_t len)
{
	return RAND_priv_bytes(octets, len) == 1 ? 0 : -1;
}

static void chain_sender(void *arg, const struct mrkm_binding *b)
{
	if (b->sender)
		zlog_info("mrkm: key chain %s: sending with key %u, group %s",
			  b->key_chain, b->sender, b->group);
	else
		zlog_warn(
			"mrkm: key chain %s: no key of group %s is valid for sending; nothing is sent that others accept until mrkmd brings one",
			b->key_chain, b->group);
}

/* Tells mrkmd, too, what has become of the keys. */
static void chain_obstacle(void *arg, const struct mrkm_binding *b)
{
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX];
	size_t count = 0;

	if (b->obstacle)
		zlog_err(
			"mrkm: key chain %s: %s; keys of group %s are not used meanwhile",
			b->key_chain, mrkm_err_text(b->obstacle), b->group);
	else
		zlog_notice(
			"mrkm: key chain %s: nothing is in the way any more; keys of group %s are used again",
			b->key_chain, b->group);
	for (size_t i = 1; i < MRKM_SLOTS_MAX && count < KEYTABLE_ROWS_MAX; i++)
		if (b->slots[i].state == MRKM_SLOT_LIVE)
			results[count++] =
				(struct mrkm_msg_result){ b->slots[i].row.id,
							  b->obstacle };
	mrkm_receiver_report(&mrkm_module.receiver, b->group, b->protocol,
			     b->obstacle, results, count);
}

static const struct mrkm_chain_ops chain_ops = {
	.list = mrkm_keychain_list,
	.put = mrkm_keychain_put,
	.open = mrkm_keychain_open,
	.remove = mrkm_keychain_remove,
	.random = chain_random,
	.obstacle = chain_obstacle,
	.sender = chain_sender,
};

/* -------------------------------------------------------------------- mrkmd */

static int receiver_send(void *arg, const uint8_t *octets, size_t len)
{
	return mrkm_zapi_send(mrkm_module.zclient, MRKM_ZAPI_TO_MRKMD,
			      &mrkm_zapi_mrkmd, octets, len);
}

/* Read anew each time, so that no process keeps it but mrkmd. */
static int receiver_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	char path[sizeof(frr_runstatedir) + sizeof(MRKM_WRAP_FILE)];
	int err;

	snprintf(path, sizeof(path), "%s/%s", frr_runstatedir, MRKM_WRAP_FILE);
	err = mrkm_wrap_key_load(key, path);
	if (err)
		zlog_err(
			"mrkm: %s: %s; keys of mrkmd cannot be read, check that mrkmd runs as the user of this daemon and with the same run directory (-N)",
			path, mrkm_err_text(err));
	return err;
}

static bool is_ipsec(const struct mrkm_order *order)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(order->protocol);

	return protocol && protocol->applier == KEYTABLE_APPLY_IPSEC;
}

static int receiver_bind(void *arg, const struct mrkm_order *order)
{
	if (is_ipsec(order))
		return mrkm_protect_bind(&mrkm_module.protect, order);
	return mrkm_chains_bind(&mrkm_module.chains, order, mrkm_module_now());
}

static int receiver_keys(void *arg, const struct mrkm_order *order,
			 const struct keytable_row *rows, size_t count,
			 enum mrkm_err *results)
{
	if (is_ipsec(order))
		return mrkm_protect_keys(&mrkm_module.protect, order, rows,
					 count, results);
	return mrkm_chains_keys(&mrkm_module.chains, order, rows, count,
				results, mrkm_module_now());
}

static int receiver_withdraw(void *arg, const struct mrkm_order *order)
{
	if (is_ipsec(order))
		return mrkm_protect_withdraw(&mrkm_module.protect, order);
	return mrkm_chains_withdraw(&mrkm_module.chains, order,
				    mrkm_module_now());
}

static void receiver_synced(void *arg, uint64_t boot, uint32_t session)
{
	mrkm_chains_synced(&mrkm_module.chains, boot, session,
			   mrkm_module_now());
	mrkm_protect_synced(&mrkm_module.protect, boot, session);
	zlog_info("mrkm: synchronized with mrkmd");
}

static const struct mrkm_receiver_callbacks receiver_callbacks = {
	.send = receiver_send,
	.wrap_key = receiver_wrap_key,
	.bind = receiver_bind,
	.keys = receiver_keys,
	.withdraw = receiver_withdraw,
	.synced = receiver_synced,
};

/* -------------------------------------------------------------------- zebra */

static void zapi_connected(void)
{
	mrkm_receiver_disconnected(&mrkm_module.receiver);
	mrkm_zapi_register(mrkm_module.zclient, MRKM_ZAPI_TO_RECEIVER);
	mrkm_protect_connected();
}

/* A counter that doubled is worth a line: a flood makes 64 at most. */
static void log_dropped(int err)
{
	uint64_t count = mrkm_module.receiver.counters[-err];

	if ((count & (count - 1)) == 0)
		zlog_warn("mrkm: message of mrkmd dropped: %s (%" PRIu64
			  " so far)",
			  mrkm_err_text(err), count);
}

static void zapi_message(uint32_t type, const struct mrkm_peer *from,
			 const uint8_t *octets, size_t len)
{
	int err;

	if (mrkm_keychain_gone())
		return;
	if (type == MRKM_ZAPI_FROM_KERNEL) {
		mrkm_protect_message(from, octets, len);
		mrkm_module_run();
	}
	if (type != MRKM_ZAPI_TO_RECEIVER)
		return;
	if (mrkm_same_peer(from, &mrkm_zapi_mrkmd)) {
		mrkm_usage_refresh();
		apply_usage(mrkm_module_now());
		err = mrkm_receiver_input(&mrkm_module.receiver, octets, len);
	} else {
		err = -MRKM_ERR_BAD_SENDER;
		mrkm_module.receiver.counters[-err]++;
	}
	if (err)
		log_dropped(err);
	mrkm_module_run();
}

static void zapi_registered(uint32_t type, const struct mrkm_peer *peer)
{
	if (type == MRKM_ZAPI_TO_KERNEL)
		mrkm_protect_registered(peer);
}

static void zapi_closed(const struct mrkm_peer *peer)
{
	if (!mrkm_same_peer(peer, &mrkm_zapi_mrkmd))
		return;
	mrkm_receiver_disconnected(&mrkm_module.receiver);
	zlog_info(
		"mrkm: mrkmd is gone; its keys stay in use until their lifetime is over");
}

static const struct mrkm_zapi_callbacks zapi_callbacks = {
	.connected = zapi_connected,
	.message = zapi_message,
	.registered = zapi_registered,
	.closed = zapi_closed,
};

/* ----------------------------------------------------------- begin and end */

/* The daemon's own number (-n): FRR has it in no other public place. */
static uint16_t daemon_instance(void)
{
	const char *bracket = strchr(frr_protonameinst, '[');

	return bracket ? strtoul(bracket + 1, NULL, 10) : 0;
}

static bool is_user(const struct keytable_protocol *protocol,
		    const char *daemon)
{
	for (size_t i = 0; i < array_size(protocol->daemons); i++)
		if (protocol->daemons[i] &&
		    strcmp(protocol->daemons[i], daemon) == 0)
			return protocol->applier == KEYTABLE_APPLY_KEYCHAIN;
	return false;
}

static void add_capabilities(const char *daemon)
{
	struct mrkm_chains *chains = &mrkm_module.chains;
	const struct keytable_protocol *protocols;
	uint32_t algorithms;
	size_t count;

	protocols = keytable_protocols(&count);
	for (size_t i = 0; i < count; i++) {
		if (!is_user(&protocols[i], daemon) ||
		    chains->capability_count == MRKM_CAPABILITIES_MAX)
			continue;
		algorithms = mrkm_keychain_algorithms(protocols[i].algorithms);
		chains->capabilities[chains->capability_count++] =
			(struct mrkm_capability){ protocols[i].wire,
						  algorithms };
		mrkm_receiver_add_capability(&mrkm_module.receiver,
					     protocols[i].wire, algorithms);
	}
}

static void start(struct event_loop *loop, const char *daemon,
		  const struct mrkm_peer *own)
{
	uint64_t boot;
	int err;

	if (RAND_bytes((uint8_t *)&boot, sizeof(boot)) != 1) {
		zlog_err("mrkm: no random numbers; this daemon takes no keys");
		return;
	}
	mrkm_keychain_init();
	mrkm_module.loop = loop;
	mrkm_module.chains.ops = &chain_ops;
	mrkm_receiver_init(&mrkm_module.receiver, &receiver_callbacks, NULL,
			   boot | 1, daemon, daemon_instance());
	add_capabilities(daemon);
	mrkm_module_vty_init();
	mrkm_usage_init(daemon, mrkm_module_run);
	err = mrkm_command_init(daemon);
	if (err)
		zlog_err("mrkm: %s; this daemon cannot be protected by IPsec",
			 mrkm_err_text(err));
	mrkm_module.zclient = mrkm_zapi_new(loop, own, &zapi_callbacks);
	mrkm_module_run();
}

/* The daemon is set up, and has not forked yet. */
static int module_late_init(struct event_loop *loop)
{
	const char *daemon = frr_get_progname();
	struct mrkm_peer own;

	if (mrkm_host_peer(daemon, daemon_instance(), &own))
		start(loop, daemon, &own);
	else
		zlog_err(
			"mrkm: %s uses no keys of mrkmd; take \"-M mrkm\" from its options",
			daemon);
	return 0;
}

static int module_fini(void)
{
	if (!mrkm_module.zclient)
		return 0;
	EVENT_OFF(mrkm_module.t_run);
	mrkm_usage_fini();
	mrkm_protect_end();
	mrkm_zapi_free(mrkm_module.zclient);
	mrkm_module.zclient = NULL;
	mrkm_chains_fini(&mrkm_module.chains);
	mrkm_keychain_yang_fini();
	return 0;
}

static int module_init(void)
{
	hook_register(frr_late_init, module_late_init);
	hook_register(frr_fini, module_fini);
	return 0;
}

FRR_MODULE_SETUP(.name = "mrkm", .version = FRR_VERSION,
		 .description = "takes routing protocol keys from mrkmd",
		 .init = module_init);
