// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration of rekeying, read out of the northbound's tree.
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_tree.h"

static bool needs_interface(const struct gikev2_endpoint *destination)
{
	/* ff01::/16, ff02::/16: interface-local and link-local scope */
	return destination->family == 6 && (destination->ip[1] & 0x0f) <= 2;
}

static int read_source(const struct lyd_node *multicast, uint16_t port,
		       struct gikev2_rekey_config *rekey, char *problem,
		       size_t size)
{
	const char *source = mrkm_leaf(multicast, "source");

	if (!source)
		return 0;
	mrkm_address_read(source, &rekey->source);
	rekey->source.port = port;
	if (rekey->source.family == rekey->destination.family &&
	    !gikev2_endpoint_multicast(&rekey->source))
		return 0;
	return mrkm_fail(
		problem, size,
		"rekey multicast: source %s: name a unicast address of this router, of the same family as %s",
		source, mrkm_leaf(multicast, "address"));
}

static int read_multicast(const struct lyd_node *multicast, uint16_t port,
			  struct mrkm_ks_group_config *config, char *problem,
			  size_t size)
{
	struct gikev2_rekey_config *rekey = &config->engine.rekey;
	const char *interface = mrkm_leaf(multicast, "interface");
	uint16_t other = mrkm_leaf_number(multicast, "port");

	mrkm_address_read(mrkm_leaf(multicast, "address"), &rekey->destination);
	rekey->destination.port = other ? other : port;
	config->rekey.ttl = mrkm_leaf_number(multicast, "ttl");
	if (interface)
		strlcpy(config->rekey.interface, interface,
			sizeof(config->rekey.interface));
	if (!gikev2_endpoint_multicast(&rekey->destination))
		return mrkm_fail(
			problem, size,
			"rekey multicast %s: not a multicast address: take one of 239.0.0.0/8 or of ff00::/8",
			mrkm_leaf(multicast, "address"));
	if (needs_interface(&rekey->destination) && !interface)
		return mrkm_fail(
			problem, size,
			"rekey multicast %s: an address of one link needs \"interface\"",
			mrkm_leaf(multicast, "address"));
	return read_source(multicast, port, rekey, problem, size);
}

/* Time for its successor to be announced, and to be taken up. */
static uint32_t shortest_lifetime(const struct gikev2_group_config *config)
{
	return 5 * (config->dtd + 10);
}

int mrkm_config_read_rekey(const struct lyd_node *group, uint16_t port,
			   struct mrkm_ks_group_config *config, char *problem,
			   size_t size)
{
	const struct lyd_node *node = mrkm_child(group, "rekey");
	const struct lyd_node *multicast = node ? mrkm_child(node, "multicast")
						: NULL;
	struct gikev2_rekey_config *rekey = &config->engine.rekey;
	const char *uri;

	if (node)
		rekey->wait = mrkm_leaf_number(node, "wait");
	if (!multicast)
		return 0;
	rekey->lifetime = mrkm_leaf_number(node, "lifetime");
	rekey->copies = mrkm_leaf_number(node, "copies");
	rekey->lkh_degree = mrkm_leaf_number(node, "lkh-degree");
	uri = mrkm_leaf(node, "signature-key");
	if (uri)
		strlcpy(config->rekey.signature_uri, uri,
			sizeof(config->rekey.signature_uri));
	if (read_multicast(multicast, port, config, problem, size))
		return -1;
	if (!uri && !mrkm_child(node, "implicit"))
		return mrkm_fail(
			problem, size,
			"rekey multicast: members must know whom to believe: configure \"rekey authentication signature URI\", or \"rekey authentication implicit\" when every member is trusted not to play the key server");
	if (rekey->lifetime < shortest_lifetime(&config->engine))
		return mrkm_fail(
			problem, size,
			"rekey lifetime %u leaves no room for a successor: with these delays it must be at least %u seconds",
			rekey->lifetime, shortest_lifetime(&config->engine));
	return 0;
}
