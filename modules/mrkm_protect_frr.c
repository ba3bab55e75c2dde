// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkm_protect.c in a real daemon: libfrr's key chains and interfaces, the
 * running configuration, and the way to zebra's module.
 */
#include <zebra.h>

#include "command.h"
#include "if.h"
#include "keychain.h"
#include "libfrr.h"
#include "linklist.h"
#include "log.h"
#include "zclient.h"

#include "mrkm/mrkm_zapi.h"
#include "modules/mrkm_hosts.h"
#include "modules/mrkm_module.h"

/* Transform IDs of what a key chain's algorithms stand for. */
#define ENCR_NULL 11

/* After so long without zebra's module it is said that there is none. */
#define WARN_AFTER (10 * KEYTABLE_SECOND)
#define WARN_AGAIN (300 * KEYTABLE_SECOND)

static const struct {
	enum keychain_hash_algo hash;
	uint16_t integ;
} integs[] = {
	{ KEYCHAIN_ALGO_HMAC_SHA256, 12 },
	{ KEYCHAIN_ALGO_HMAC_SHA384, 13 },
	{ KEYCHAIN_ALGO_HMAC_SHA512, 14 },
};

static struct {
	const char *command;		      /* "ip pim ipsec key-chain" */
	int (*config_write)(struct vty *vty); /* the daemon's own */
	struct mrkm_wrap_key key;
	char wrap_path[sizeof(frr_runstatedir) + 64];
	uint64_t warn_at;
	int64_t wall; /* what to add to the monotonic clock, microseconds */
} self;

/* ------------------------------------------------------------ the operator's keys */

/*
 * The wall clock, as seen from the monotonic one.  It is followed when it was
 * set, not when it is slewed: windows would move a bit each time.
 */
static int64_t wall_offset(void)
{
	struct timespec wall;
	int64_t offset;

	clock_gettime(CLOCK_REALTIME, &wall);
	offset = wall.tv_sec * (int64_t)KEYTABLE_SECOND + wall.tv_nsec / 1000 -
		 (int64_t)mrkm_module_now();
	if (llabs(offset - self.wall) > (int64_t)KEYTABLE_SECOND / 2)
		self.wall = offset;
	return self.wall;
}

static uint64_t instant_of(time_t when)
{
	int64_t instant = when * (int64_t)KEYTABLE_SECOND - wall_offset();

	return instant > 0 ? instant : 0;
}

/* As libfrr understands a range: no start at all is "always". */
static void window_of(const struct key_range *range, uint64_t *start,
		      uint64_t *end)
{
	*start = range->start ? instant_of(range->start) : 0;
	*end = range->start == 0 || range->end == -1 ? KEYTABLE_NEVER
						     : instant_of(range->end);
}

/*
 * A key of a key chain as a row: ESP without encryption, the key's HMAC, the
 * key string's characters as octets, the key ID as SPI.
 */
static void row_of(const struct key *key, uint8_t protocol,
		   struct keytable_row *row)
{
	size_t len = strlen(key->string);

	memset(row, 0, sizeof(*row));
	row->protocol = protocol;
	row->direction = KEYTABLE_BOTH;
	row->id = key->index;
	row->ipsec.wire = protocol;
	row->ipsec.families = keytable_protocol_by_wire(protocol)->families;
	row->ipsec.sn = KEYTABLE_SN_UNSPECIFIED;
	for (size_t i = 0; i < array_size(integs); i++)
		if (integs[i].hash == key->hash_algo) {
			row->ipsec.suite.encr = ENCR_NULL;
			row->ipsec.suite.integ = integs[i].integ;
		}
	if (len <= sizeof(row->key)) {
		memcpy(row->key, key->string, len);
		row->key_len = len;
	}
	window_of(&key->accept, &row->accept_start, &row->accept_end);
	window_of(&key->send, &row->send_start, &row->send_end);
}

/* Keys that this module keeps for another protocol are not the operator's. */
static bool is_kept(const char *key_chain)
{
	const struct mrkm_chains *chains = &mrkm_module.chains;

	for (size_t i = 0; i < MRKM_BINDINGS_MAX; i++)
		if (chains->bindings[i] &&
		    strcmp(chains->bindings[i]->key_chain, key_chain) == 0)
			return true;
	return false;
}

static size_t protect_by_hand(void *arg, const char *key_chain,
			      uint8_t protocol, struct keytable_row *rows,
			      size_t max)
{
	const struct keychain *keychain;
	struct listnode *node;
	struct key *key;
	size_t count = 0;

	if (mrkm_keychain_gone() || is_kept(key_chain))
		return 0;
	keychain = keychain_lookup(key_chain);
	if (!keychain)
		return 0;
	for (ALL_LIST_ELEMENTS_RO(keychain->key, node, key))
		if (key->string && count < max)
			row_of(key, protocol, &rows[count++]);
	return count;
}

static void protect_report(void *arg, const struct mrkm_protect_order *order,
			   enum mrkm_err result,
			   const struct mrkm_msg_result *results, size_t count)
{
	mrkm_receiver_report(&mrkm_module.receiver, order->group,
			     mrkm_module.protect.protocol, result, results,
			     count);
}

static const struct mrkm_protect_ops protect_ops = {
	.by_hand = protect_by_hand,
	.report = protect_report,
};

/* ------------------------------------------------------------------------- zebra */

static int sender_send(void *arg, const struct mrkm_peer *to,
		       const uint8_t *octets, size_t len)
{
	return mrkm_zapi_send(mrkm_module.zclient, MRKM_ZAPI_TO_KERNEL, to,
			      octets, len);
}

/* What the kernel can do, mrkmd tells the key server. */
static void sender_capability(void *arg, uint8_t protocol, uint32_t algorithms)
{
	enum mrkm_err obstacle =
		mrkm_sender_obstacle(mrkm_module.protect.sender, protocol);

	if (protocol != mrkm_module.protect.protocol)
		return;
	mrkm_receiver_change_capability(&mrkm_module.receiver, protocol,
					obstacle == MRKM_ERR_NO_GUARD
						? MRKM_ALGORITHMS_UNKNOWN
						: algorithms);
}

static void sender_result(void *arg, const struct mrkm_key_status *status)
{
	mrkm_protect_result(&mrkm_module.protect, status);
}

static void store_wrap_key(void *arg, const struct mrkm_wrap_key *key)
{
	if (mrkm_wrap_key_store(key, self.wrap_path))
		zlog_err(
			"mrkm: %s: %s: %s; zebra cannot read the keys without it, make its folder writable for the FRR user",
			self.wrap_path, mrkm_err_text(MRKM_ERR_FILE),
			safe_strerror(errno));
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = sender_send,
	.capability = sender_capability,
	.result = sender_result,
	.wrap_key_missing = store_wrap_key,
};

void mrkm_protect_connected(void)
{
	struct mrkm_sender *sender = mrkm_module.protect.sender;

	if (!sender)
		return;
	store_wrap_key(NULL, mrkm_sender_wrap_key(sender));
	mrkm_sender_disconnected(sender);
	mrkm_zapi_register(mrkm_module.zclient, MRKM_ZAPI_FROM_KERNEL);
	mrkm_zapi_watch(mrkm_module.zclient, MRKM_ZAPI_TO_KERNEL);
	mrkm_sender_connected(sender);
}

void mrkm_protect_message(const struct mrkm_peer *from, const uint8_t *octets,
			  size_t len)
{
	struct mrkm_sender *sender = mrkm_module.protect.sender;
	int err;

	if (!sender || !mrkm_same_peer(from, &mrkm_host_zebra))
		return;
	err = mrkm_sender_input(sender, from, octets, len, mrkm_module_now());
	if (err)
		zlog_warn("mrkm: message of zebra's module dropped: %s",
			  mrkm_err_text(err));
}

void mrkm_protect_registered(const struct mrkm_peer *peer)
{
	struct mrkm_sender *sender = mrkm_module.protect.sender;

	if (!sender || (peer && !mrkm_same_peer(peer, &mrkm_host_zebra)))
		return;
	if (peer)
		mrkm_sender_registered(sender, peer, mrkm_module_now());
	else
		mrkm_sender_gone(sender, NULL, mrkm_module_now());
}

/* Not at once: when all start together, zebra's module comes a bit later. */
static void warn_idle(uint64_t now)
{
	if (!mrkm_protect_is_idle(&mrkm_module.protect)) {
		self.warn_at = now + WARN_AFTER;
		return;
	}
	if (now < self.warn_at)
		return;
	self.warn_at = now + WARN_AGAIN;
	zlog_err("mrkm: interfaces with \"%s\" are NOT protected: %s",
		 self.command, mrkm_err_text(MRKM_ERR_NO_GUARD));
}

uint64_t mrkm_protect_work(uint64_t now)
{
	if (!mrkm_module.protect.sender)
		return KEYTABLE_NEVER;
	warn_idle(now);
	mrkm_sender_expire(mrkm_module.protect.sender, now);
	mrkm_protect_run(&mrkm_module.protect, now);
	return mrkm_sender_deadline(mrkm_module.protect.sender);
}

/* ----------------------------------------------------------------- configuration */

/*
 * A command of a module has no place in what the daemon writes: our blocks of
 * interfaces go before its own.  Reading both is the same as reading one, and an
 * interface is closed before the protocol is enabled there.
 */
static int write_interfaces(struct vty *vty)
{
	const struct mrkm_protect_interface *interface;
	int written = 0;

	for (interface = mrkm_module.protect.interfaces; interface;
	     interface = interface->next) {
		vty_out(vty, "interface %s\n %s %s\nexit\n!\n", interface->name,
			self.command, interface->key_chain);
		written++;
	}
	return written + (self.config_write ? self.config_write(vty) : 0);
}

/* The interface has left the configuration, too, not only the kernel. */
static int interface_deleted(struct interface *ifp)
{
	if (!ifp->configured)
		return 0;
	mrkm_protect_set(&mrkm_module.protect, ifp->name, NULL);
	return 0;
}

int mrkm_protect_command(struct vty *vty, const char *key_chain)
{
	VTY_DECLVAR_CONTEXT(interface, ifp);
	int err = mrkm_protect_set(&mrkm_module.protect, ifp->name, key_chain);

	if (err) {
		vty_out(vty, "%% %s: %s\n", ifp->name, mrkm_err_text(err));
		return CMD_WARNING_CONFIG_FAILED;
	}
	mrkm_module_run();
	return CMD_SUCCESS;
}

/* ----------------------------------------------------------------- begin and end */

int mrkm_protect_begin(const char *daemon, const char *command)
{
	struct cmd_node *node = vector_lookup(cmdvec, INTERFACE_NODE);
	const struct keytable_protocol *protocols;
	size_t count;

	if (mrkm_wrap_key_draw(&self.key))
		return -MRKM_ERR_CRYPTO;
	mrkm_module.protect.ops = &protect_ops;
	mrkm_module.protect.sender =
		mrkm_sender_new(&sender_callbacks, NULL, &self.key);
	mrkm_wrap_key_wipe(&self.key);
	if (!mrkm_module.protect.sender)
		return -MRKM_ERR_NO_MEMORY;
	mrkm_sender_set_name(mrkm_module.protect.sender, daemon);
	protocols = keytable_protocols(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t d = 0; d < array_size(protocols[i].daemons); d++)
			if (protocols[i].applier == KEYTABLE_APPLY_IPSEC &&
			    protocols[i].daemons[d] &&
			    strcmp(protocols[i].daemons[d], daemon) == 0)
				mrkm_module.protect.protocol =
					protocols[i].wire;
	mrkm_receiver_add_capability(&mrkm_module.receiver,
				     mrkm_module.protect.protocol,
				     MRKM_ALGORITHMS_UNKNOWN);
	snprintf(self.wrap_path, sizeof(self.wrap_path), "%s/%s.wrap",
		 frr_runstatedir, daemon);
	self.command = command;
	if (node) {
		self.config_write = node->config_write;
		node->config_write = write_interfaces;
	}
	hook_register(if_del, interface_deleted);
	return 0;
}

void mrkm_protect_end(void)
{
	if (!mrkm_module.protect.sender)
		return;
	hook_unregister(if_del, interface_deleted);
	mrkm_sender_free(mrkm_module.protect.sender);
	mrkm_module.protect.sender = NULL;
	mrkm_protect_fini(&mrkm_module.protect);
	unlink(self.wrap_path);
}
