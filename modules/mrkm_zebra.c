// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra_mrkm.so: has the kernel protect what pimd, pim6d and ospf6d name.
 *
 * As with all of the kernel's state, the one process that changes it is zebra.
 * It is a ZAPI client of itself: the modules in the other daemons speak to it
 * as mrkmd speaks to them.
 */
#include <zebra.h>

#include <openssl/rand.h>

#include "frrevent.h"
#include "hook.h"
#include "libfrr.h"
#include "log.h"
#include "module.h"
#include "monotime.h"
#include "privs.h"
#include "version.h"
#include "zclient.h"

#include "mrkm/mrkm_zapi.h"
#include "modules/mrkm_hosts.h"
#include "modules/mrkm_listen.h"
#include "modules/mrkm_zebra.h"

struct mrkm_zebra mrkm_zebra;

uint64_t mrkm_zebra_now(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * KEYTABLE_SECOND + tv.tv_usec;
}

/* -------------------------------------------------------------------- running */

static void zebra_run(struct event *event);

static void schedule(uint64_t deadline)
{
	uint64_t now = mrkm_zebra_now();
	struct timeval wait = { 0 };

	EVENT_OFF(mrkm_zebra.t_run);
	if (deadline == KEYTABLE_NEVER)
		return;
	if (deadline > now) {
		wait.tv_sec = (deadline - now) / KEYTABLE_SECOND;
		wait.tv_usec = (deadline - now) % KEYTABLE_SECOND;
	}
	event_add_timer_tv(mrkm_zebra.loop, zebra_run, NULL, &wait,
			   &mrkm_zebra.t_run);
}

static void run(void)
{
	uint64_t deadline = KEYTABLE_NEVER;

	frr_with_privs(&zserv_privs)
		deadline = mrkm_guard_run(&mrkm_zebra.guard, mrkm_zebra_now());
	schedule(deadline);
}

static void zebra_run(struct event *event)
{
	run();
}

/* Soon, but after what is waiting: events come in showers. */
static void run_soon(void)
{
	schedule(mrkm_zebra_now() + 20000);
}

/* ----------------------------------------------------------------- the kernel */

static int transport_send(void *arg, enum mrkm_family family,
			  const struct mrkm_batch *batch,
			  void (*refused)(void *refused_arg, uint32_t sequence,
					  int error),
			  void *refused_arg)
{
	return mrkm_netlink_send(&mrkm_zebra.netlink, family, batch, refused,
				 refused_arg);
}

static int transport_list(
	void *arg, enum mrkm_family family, const struct mrkm_batch *request,
	int (*item)(void *item_arg, const struct nlmsghdr *nlh), void *item_arg)
{
	return mrkm_netlink_list(&mrkm_zebra.netlink, family, request, item,
				 item_arg);
}

static const struct mrkm_transport transport = {
	.send = transport_send,
	.list = transport_list,
};

static void take_acquire(void *arg, const struct mrkm_acquire *acquire)
{
	mrkm_guard_acquire(&mrkm_zebra.guard, acquire);
	run();
}

static void read_events(struct event *event)
{
	enum mrkm_family family = EVENT_ARG(event) ? MRKM_ROUTE : MRKM_XFRM;

	event_add_read(mrkm_zebra.loop, read_events, EVENT_ARG(event),
		       mrkm_zebra.netlink.events[family],
		       &mrkm_zebra.t_events[family]);
	if (!mrkm_netlink_events(&mrkm_zebra.netlink, family, take_acquire,
				 NULL))
		return;
	mrkm_guard_doubt(&mrkm_zebra.guard);
	run_soon();
}

/* ------------------------------------------------------------ what comes of it */

static struct mrkm_zebra_client *client_of(enum mrkm_traffic traffic)
{
	return &mrkm_zebra.clients[traffic];
}

static void guard_changed(void *arg, const struct mrkm_guard_chain *chain)
{
	const struct mrkm_traffic_info *info = &mrkm_traffic[chain->traffic];
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX];

	if (chain->sender)
		zlog_info("mrkm: %s, key chain %s: sending with SPI %u",
			  info->name, chain->name, chain->sender);
	else if (chain->interface_count)
		zlog_warn(
			"mrkm: %s, key chain %s: no key is valid for sending; its interfaces are closed until there is one",
			info->name, chain->name);
	for (size_t i = 0; i < chain->row_count; i++) {
		results[i] = (struct mrkm_msg_result){ chain->rows[i].id,
						       chain->results[i] };
		if (chain->results[i] != MRKM_ERR_OK &&
		    chain->results[i] != MRKM_ERR_EXPIRED)
			zlog_err("mrkm: %s, key chain %s, SPI %u: %s",
				 info->name, chain->name, chain->rows[i].id,
				 mrkm_err_text(chain->results[i]));
	}
	mrkm_receiver_report(&client_of(chain->traffic)->receiver, chain->name,
			     info->protocol, MRKM_ERR_OK, results,
			     chain->row_count);
}

static void guard_refused(void *arg, const struct mrkm_op *op)
{
	static const char *const names[] = {
		[MRKM_OP_SET_FILTER] = "filter",
		[MRKM_OP_ADD_SA] = "SA",
		[MRKM_OP_CHANGE_SA] = "SA",
		[MRKM_OP_SET_SP] = "policy",
		[MRKM_OP_DEL_SP] = "removal of a policy",
		[MRKM_OP_DEL_SA] = "removal of an SA",
		[MRKM_OP_DEL_FILTER] = "removal of a filter",
	};

	zlog_err(
		"mrkm: the kernel refuses a %s: %s%s", names[op->type],
		safe_strerror(op->error),
		op->type == MRKM_OP_SET_FILTER
			? "; without sch_ingress, cls_bpf and act_gact all interfaces are protected in place of some"
			: "");
}

/*
 * Eighths of seconds since 2025: more than are sent on average, and enough for
 * sixteen years.
 */
static uint32_t guard_sequence(void *arg)
{
	const time_t epoch = 1735689600;
	time_t now = time(NULL);

	return now > epoch ? (uint32_t)((now - epoch) * 8) : 0;
}

static const struct mrkm_guard_ops guard_ops = {
	.changed = guard_changed,
	.refused = guard_refused,
	.sequence = guard_sequence,
};

/* ------------------------------------------------------------- routing daemons */

static int receiver_send(void *arg, const uint8_t *octets, size_t len)
{
	const struct mrkm_zebra_client *client = arg;

	return mrkm_zapi_send(mrkm_zebra.zclient, MRKM_ZAPI_FROM_KERNEL,
			      &client->peer, octets, len);
}

static int receiver_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	const struct mrkm_zebra_client *client = arg;
	char path[sizeof(frr_runstatedir) + 64];
	int err;

	snprintf(path, sizeof(path), "%s/%s.wrap", frr_runstatedir,
		 mrkm_traffic[client->traffic].daemon);
	err = mrkm_wrap_key_load(key, path);
	if (err)
		zlog_err("mrkm: %s: %s", path, mrkm_err_text(err));
	return err;
}

static struct mrkm_guard_speaker
speaker_of(const struct mrkm_zebra_client *client,
	   const struct mrkm_order *order)
{
	return (struct mrkm_guard_speaker){ client->traffic, order->boot,
					    order->session };
}

static int receiver_bind(void *arg, const struct mrkm_order *order)
{
	return 0;
}

static int receiver_keys(void *arg, const struct mrkm_order *order,
			 const struct keytable_row *rows, size_t count,
			 enum mrkm_err *results)
{
	const struct mrkm_zebra_client *client = arg;
	struct mrkm_guard_speaker speaker = speaker_of(client, order);
	int err = mrkm_guard_keys(&mrkm_zebra.guard, &speaker, order->key_chain,
				  rows, count, mrkm_zebra_now());

	if (err)
		return err;
	run();
	mrkm_guard_results(&mrkm_zebra.guard, &speaker, order->key_chain,
			   results, count);
	return 0;
}

static int receiver_interfaces(void *arg, const struct mrkm_order *order,
			       const struct mrkm_msg_interface *interfaces,
			       size_t count)
{
	const struct mrkm_zebra_client *client = arg;
	struct mrkm_guard_speaker speaker = speaker_of(client, order);
	int err = mrkm_guard_interfaces(&mrkm_zebra.guard, &speaker,
					order->key_chain, interfaces, count);

	if (!err)
		run();
	return err;
}

static int receiver_withdraw(void *arg, const struct mrkm_order *order)
{
	const struct mrkm_zebra_client *client = arg;
	struct mrkm_guard_speaker speaker = speaker_of(client, order);

	/* its group is the key chain */
	mrkm_guard_withdraw(&mrkm_zebra.guard, &speaker, order->group);
	run();
	return 0;
}

static void receiver_synced(void *arg, uint64_t boot, uint32_t session)
{
	const struct mrkm_zebra_client *client = arg;
	struct mrkm_guard_speaker speaker = { client->traffic, boot, session };

	mrkm_guard_synced(&mrkm_zebra.guard, &speaker, mrkm_zebra_now());
	zlog_info("mrkm: synchronized with %s",
		  mrkm_traffic[client->traffic].daemon);
	run();
}

static const struct mrkm_receiver_callbacks receiver_callbacks = {
	.send = receiver_send,
	.wrap_key = receiver_wrap_key,
	.bind = receiver_bind,
	.keys = receiver_keys,
	.interfaces = receiver_interfaces,
	.withdraw = receiver_withdraw,
	.synced = receiver_synced,
};

/* ------------------------------------------------------------------------ probe */

static void begin_probe(struct event *event);

static void end_probe(void)
{
	if (mrkm_zebra.probing)
		pthread_join(mrkm_zebra.prober, NULL);
	mrkm_zebra.probing = false;
}

/* Without anything to work with it is asked again: modules can be loaded. */
static void take_probe(struct event *event)
{
	bool first = !mrkm_zebra.probed;

	end_probe();
	mrkm_zebra.transforms = EVENT_VAL(event);
	mrkm_zebra.probed = true;
	if (!mrkm_zebra.transforms) {
		if (first)
			zlog_err(
				"mrkm: this kernel has no ESP: interfaces with a key chain for IPsec stay closed; load its modules esp4 and esp6 or use another kernel");
		event_add_timer(mrkm_zebra.loop, begin_probe, NULL,
				MRKM_GUARD_RETRY / KEYTABLE_SECOND,
				&mrkm_zebra.t_probe);
	}
	for (enum mrkm_traffic t = 0; t < MRKM_TRAFFIC_MAX; t++)
		mrkm_receiver_change_capability(&client_of(t)->receiver,
						mrkm_traffic[t].protocol,
						mrkm_zebra.transforms);
}

static int
probe_send(void *arg, enum mrkm_family family, const struct mrkm_batch *batch,
	   void (*refused)(void *refused_arg, uint32_t sequence, int error),
	   void *refused_arg)
{
	return mrkm_netlink_send(arg, family, batch, refused, refused_arg);
}

/*
 * In a thread and with sockets of its own: at its first SA the kernel may load
 * modules and test algorithms, and zebra cannot wait for seconds.
 */
static void *probe(void *arg)
{
	static const struct mrkm_transport probe_transport = {
		.send = probe_send,
	};
	struct mrkm_netlink netlink;
	struct mrkm_kernel kernel = { .transport = &probe_transport,
				      .arg = &netlink };
	uint32_t bits = 0;

	frr_with_privs(&zserv_privs) {
		if (!mrkm_netlink_open(&netlink)) {
			bits = mrkm_kernel_probe(&kernel);
			mrkm_netlink_close(&netlink);
		}
	}
	event_add_event(mrkm_zebra.loop, take_probe, NULL, (int)bits, NULL);
	return NULL;
}

static void begin_probe(struct event *event)
{
	if (pthread_create(&mrkm_zebra.prober, NULL, probe, NULL) == 0)
		mrkm_zebra.probing = true;
	else
		event_add_timer(mrkm_zebra.loop, begin_probe, NULL,
				MRKM_GUARD_RETRY / KEYTABLE_SECOND,
				&mrkm_zebra.t_probe);
}

static void init_clients(uint64_t boot)
{
	for (enum mrkm_traffic t = 0; t < MRKM_TRAFFIC_MAX; t++) {
		struct mrkm_zebra_client *client = client_of(t);

		client->traffic = t;
		mrkm_host_peer(mrkm_traffic[t].daemon, 0, &client->peer);
		mrkm_receiver_init(&client->receiver, &receiver_callbacks,
				   client, boot, "zebra", 0);
		mrkm_receiver_add_capability(&client->receiver,
					     mrkm_traffic[t].protocol,
					     MRKM_ALGORITHMS_UNKNOWN);
	}
}

/* ------------------------------------------------------------------------ ZAPI */

static void zapi_connected(void)
{
	for (enum mrkm_traffic t = 0; t < MRKM_TRAFFIC_MAX; t++)
		mrkm_receiver_disconnected(&client_of(t)->receiver);
	mrkm_zapi_register(mrkm_zebra.zclient, MRKM_ZAPI_TO_KERNEL);
}

static void zapi_message(uint32_t type, const struct mrkm_peer *from,
			 const uint8_t *octets, size_t len)
{
	int err;

	if (type != MRKM_ZAPI_TO_KERNEL)
		return;
	for (enum mrkm_traffic t = 0; t < MRKM_TRAFFIC_MAX; t++) {
		struct mrkm_zebra_client *client = client_of(t);

		if (!mrkm_same_peer(&client->peer, from))
			continue;
		err = mrkm_receiver_input(&client->receiver, octets, len);
		if (err)
			zlog_warn("mrkm: message of %s dropped: %s",
				  mrkm_traffic[t].daemon, mrkm_err_text(err));
		return;
	}
}

static void zapi_closed(const struct mrkm_peer *peer)
{
	for (enum mrkm_traffic t = 0; t < MRKM_TRAFFIC_MAX; t++) {
		if (!mrkm_same_peer(&client_of(t)->peer, peer))
			continue;
		mrkm_receiver_disconnected(&client_of(t)->receiver);
		mrkm_guard_gone(&mrkm_zebra.guard, t, mrkm_zebra_now());
		run();
	}
}

static const struct mrkm_zapi_callbacks zapi_callbacks = {
	.connected = zapi_connected,
	.message = zapi_message,
	.closed = zapi_closed,
};

/* --------------------------------------------------------------- begin and end */

static int start(struct event_loop *loop)
{
	uint64_t boot;
	int err = 0;

	if (RAND_bytes((uint8_t *)&boot, sizeof(boot)) != 1) {
		zlog_err("mrkm: no random numbers; nothing will be protected");
		return -1;
	}
	frr_with_privs(&zserv_privs)
		err = mrkm_netlink_open(&mrkm_zebra.netlink);
	if (err) {
		zlog_err(
			"mrkm: no netlink to XFRM: %s; nothing will be protected, load the kernel's module xfrm_user",
			safe_strerror(-err));
		return -1;
	}
	mrkm_guard_init(&mrkm_zebra.guard, &guard_ops, &transport, NULL,
			mrkm_zebra_now());
	init_clients(boot | 1);
	return 0;
}

/*
 * After the fork: the kernel tells our own notifications from others' by the
 * sockets, and the clients connect once the event loop runs.
 */
static void begin(struct event *event)
{
	if (start(mrkm_zebra.loop))
		return;
	for (enum mrkm_family f = MRKM_XFRM; f <= MRKM_ROUTE; f++)
		event_add_read(mrkm_zebra.loop, read_events,
			       f == MRKM_ROUTE ? &mrkm_zebra : NULL,
			       mrkm_zebra.netlink.events[f],
			       &mrkm_zebra.t_events[f]);
	if (!mrkm_listen_widen((const struct sockaddr *)&zclient_addr,
			       zclient_addr_len))
		zlog_debug("mrkm: zebra's socket for clients is not found");
	mrkm_zebra.zclient = mrkm_zapi_new(mrkm_zebra.loop, &mrkm_host_zebra,
					   &zapi_callbacks);
	begin_probe(NULL);
	run();
}

static int module_late_init(struct event_loop *loop)
{
	mrkm_zebra.loop = loop;
	mrkm_zebra_vty_init();
	event_add_event(loop, begin, NULL, 0, &mrkm_zebra.t_run);
	return 0;
}

static int module_fini(void)
{
	EVENT_OFF(mrkm_zebra.t_run);
	if (!mrkm_zebra.zclient)
		return 0;
	for (enum mrkm_family f = MRKM_XFRM; f <= MRKM_ROUTE; f++)
		EVENT_OFF(mrkm_zebra.t_events[f]);
	EVENT_OFF(mrkm_zebra.t_probe);
	end_probe();
	mrkm_zapi_free(mrkm_zebra.zclient);
	mrkm_zebra.zclient = NULL;
	mrkm_guard_fini(&mrkm_zebra.guard);
	mrkm_netlink_close(&mrkm_zebra.netlink);
	return 0;
}

static int module_init(void)
{
	hook_register(frr_late_init, module_late_init);
	hook_register(frr_early_fini, module_fini);
	return 0;
}

FRR_MODULE_SETUP(.name = "mrkm", .version = FRR_VERSION,
		 .description = "protects PIM and OSPFv3 by the kernel's IPsec",
		 .init = module_init);
