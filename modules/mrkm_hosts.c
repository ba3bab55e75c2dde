// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemons that the modules live in.
 */
#include <zebra.h>

#include "zclient.h"

#include "modules/mrkm_hosts.h"

/* pim6d and pimd are one protocol to zebra: sessions far apart. */
#define PIM6_SESSIONS 0x10000

static const struct {
	const char *daemon;
	uint8_t proto;
	uint32_t session; /* of the first instance */
} hosts[] = {
	{ "ospfd", ZEBRA_ROUTE_OSPF, MRKM_ZAPI_SESSION },
	{ "ospf6d", ZEBRA_ROUTE_OSPF6, MRKM_ZAPI_SESSION },
	{ "ripd", ZEBRA_ROUTE_RIP, MRKM_ZAPI_SESSION },
	{ "pimd", ZEBRA_ROUTE_PIM, MRKM_ZAPI_SESSION },
	{ "pim6d", ZEBRA_ROUTE_PIM, PIM6_SESSIONS },
};

/* Of the same kind as mrkmd's: not a protocol's. */
const struct mrkm_peer mrkm_host_zebra = {
	.proto = ZEBRA_ROUTE_ALL,
	.instance = MRKM_ZAPI_INSTANCE,
	.session = MRKM_ZAPI_SESSION + 1,
};

bool mrkm_host_peer(const char *daemon, uint16_t instance,
		    struct mrkm_peer *peer)
{
	for (size_t i = 0; i < array_size(hosts); i++) {
		if (strcmp(hosts[i].daemon, daemon) != 0)
			continue;
		*peer = (struct mrkm_peer){ hosts[i].proto, MRKM_ZAPI_INSTANCE,
					    hosts[i].session + instance };
		return true;
	}
	return false;
}

bool mrkm_same_peer(const struct mrkm_peer *a, const struct mrkm_peer *b)
{
	return a->proto == b->proto && a->instance == b->instance &&
	       a->session == b->session;
}
