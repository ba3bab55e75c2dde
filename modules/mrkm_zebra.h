// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra_mrkm.so: what its files share.
 */
#ifndef MRKM_ZEBRA_H
#define MRKM_ZEBRA_H

#include <pthread.h>

#include "modules/mrkm_guard.h"
#include "modules/mrkm_netlink.h"
#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"

struct event;
struct event_loop;
struct zebra_privs_t;
struct zclient;

/* A routing daemon, as its module speaks to us. */
struct mrkm_zebra_client {
	enum mrkm_traffic traffic;
	struct mrkm_peer peer;
	struct mrkm_receiver receiver;
};

struct mrkm_zebra {
	struct event_loop *loop;
	struct zclient *zclient;
	struct event *t_run, *t_probe, *t_events[2];
	struct mrkm_netlink netlink;
	struct mrkm_guard guard;
	/* keytable_transform_bit()s of the kernel, once it was probed */
	bool probed;
	uint32_t transforms;
	bool probing; /* prober has been started */
	pthread_t prober;
	struct mrkm_zebra_client clients[MRKM_TRAFFIC_MAX];
};

extern struct mrkm_zebra mrkm_zebra;

/* zebra's own, with CAP_NET_ADMIN */
extern struct zebra_privs_t zserv_privs;

uint64_t mrkm_zebra_now(void);

/* mrkm_zebra_vty.c */
void mrkm_zebra_vty_init(void);

#endif /* MRKM_ZEBRA_H */
