// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration, read out of the northbound's tree.
 *
 * Checking and applying read by the same functions, so that what passed the
 * one is what reaches the other.
 */
#include <zebra.h>

#include "northbound.h"
#include "yang.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_state.h"
#include "mrkmd/mrkm_tree.h"

int mrkm_config_read_identity(const struct lyd_node *node, struct gikev2_id *id,
			      char *problem, size_t size)
{
	const char *type = mrkm_leaf(node, "type");
	const char *value = mrkm_leaf(node, "value");

	if (mrkm_identity_read(type, value, id))
		return 0;
	return mrkm_fail(problem, size,
			 "identity \"%s %s\": \"%s\" is not %s: correct it",
			 type, value, value,
			 !strcmp(type, "address") ? "an IPv4 or IPv6 address"
			 : !strcmp(type, "email") ? "a mailbox (user@domain)"
			 : !strcmp(type, "dn")
				 ? "a distinguished name (O=Example,CN=r1)"
				 : "a name of 1 to 255 octets");
}

int mrkm_config_read_peer(const struct lyd_node *node, struct gikev2_id *id,
			  char *problem, size_t size)
{
	if (mrkm_config_read_identity(node, id, problem, size))
		return -1;
	if (gikev2_id_fold(id) == 0)
		return 0;
	return mrkm_fail(problem, size,
			 "identity \"%s %s\" is too long: shorten it",
			 mrkm_leaf(node, "type"), mrkm_leaf(node, "value"));
}

/* IDg: what `id` says, else the octets of the name as ID_KEY_ID. */
static int read_group_id(const struct lyd_node *node, struct gikev2_id *id,
			 char *problem, size_t size)
{
	const struct lyd_node *override = mrkm_child(node, "id");

	if (override)
		return mrkm_config_read_identity(override, id, problem, size);
	mrkm_identity_read("key-id", mrkm_leaf(node, "name"), id);
	return 0;
}

/* Empty: the default. */
static void read_state(const struct lyd_node *server,
		       struct mrkm_base_config *base)
{
	const char *file = mrkm_leaf(server, "state-file");
	const char *key = mrkm_leaf(server, "state-key");

	base->state_none = file && !strcmp(file, "none");
	if (file && !base->state_none)
		strlcpy(base->state_file, file, sizeof(base->state_file));
	if (key)
		strlcpy(base->state_key, key, sizeof(base->state_key));
}

/* Link-local addresses mean nothing without an interface. */
static bool is_unicast(const struct gikev2_endpoint *endpoint)
{
	static const uint8_t unspecified[16];

	if (endpoint->family == 4)
		return endpoint->ip[0] != 0 && endpoint->ip[0] < 224;
	return endpoint->ip[0] != 0xff &&
	       memcmp(endpoint->ip, unspecified, sizeof(unspecified)) &&
	       !(endpoint->ip[0] == 0xfe && (endpoint->ip[1] & 0xc0) == 0x80);
}

static int read_listen(const struct lyd_node *server,
		       struct mrkm_base_config *base, char *problem,
		       size_t size)
{
	const struct lyd_node *child = mrkm_child(server, "listen");

	for (; child; child = mrkm_next(child)) {
		struct gikev2_endpoint *address =
			&base->listen[base->listen_count];

		if (base->listen_count++ == MRKM_LISTEN_MAX)
			return mrkm_fail(
				problem, size,
				"key server: more than %d addresses to listen at: remove some, or all of them to listen everywhere",
				MRKM_LISTEN_MAX);
		mrkm_address_read(lyd_get_value(child), address);
		if (!is_unicast(address))
			return mrkm_fail(
				problem, size,
				"key server: listen %s: name a unicast address of this router that is not link-local, or leave it out to listen everywhere",
				lyd_get_value(child));
	}
	return 0;
}

static int read_base(const struct lyd_node *tree, struct mrkm_base_config *base,
		     char *problem, size_t size)
{
	const struct lyd_node *identity = mrkm_child(tree, "identity");
	const struct lyd_node *server = mrkm_child(tree, "key-server");

	memset(base, 0, sizeof(*base));
	base->enabled = true;
	base->key_server = server != NULL;
	base->port = mrkm_leaf_number(tree, "port");
	base->nat_port = mrkm_leaf_number(tree, "nat-traversal-port");
	if (base->nat_port == base->port)
		return mrkm_fail(
			problem, size,
			"nat-traversal port %u is this router's \"port\" already: choose another, such as 4500",
			base->nat_port);
	base->liveness_interval = mrkm_leaf_number(tree, "liveness-interval");
	if (identity &&
	    mrkm_config_read_identity(identity, &base->identity, problem, size))
		return -1;
	if (mrkm_config_read_trust(tree, base, problem, size))
		return -1;
	mrkm_config_read_keep(tree, &base->keep);
	if (!server)
		return 0;
	base->half_open_limit = mrkm_leaf_number(server, "half-open-limit");
	read_state(server, base);
	return read_listen(server, base, problem, size);
}

static int read_server(const struct lyd_node *node, uint16_t port,
		       struct mrkm_key_server_config *server, char *problem,
		       size_t size)
{
	const struct lyd_node *identity = mrkm_child(node, "identity");

	mrkm_address_read(mrkm_leaf(node, "address"), &server->endpoint);
	server->endpoint.port = mrkm_leaf_number(node, "port");
	if (!server->endpoint.port)
		server->endpoint.port = port;
	server->nat_port = mrkm_leaf_number(node, "nat-traversal-port");
	server->preference = mrkm_leaf_number(node, "preference");
	if (!is_unicast(&server->endpoint))
		return mrkm_fail(
			problem, size,
			"key server %s: name a unicast address that is not link-local",
			mrkm_leaf(node, "address"));
	if (!identity)
		return 0;
	return mrkm_config_read_peer(identity, &server->identity, problem,
				     size);
}

/* Those that are equal stay as they were configured. */
static void sort_servers(struct mrkm_key_server_config *servers, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct mrkm_key_server_config server = servers[i];
		size_t at = i;

		for (; at && servers[at - 1].preference > server.preference;
		     at--)
			servers[at] = servers[at - 1];
		servers[at] = server;
	}
}

/* The parts of a group that are lists. */
static int read_group_lists(const struct lyd_node *node, uint16_t port,
			    struct mrkm_group_config *config, char *problem,
			    size_t size)
{
	const struct lyd_node *child;

	for (child = mrkm_child(node, "key-server"); child;
	     child = mrkm_next(child))
		if (read_server(child, port,
				&config->servers[config->server_count++],
				problem, size))
			return -1;
	sort_servers(config->servers, config->server_count);
	for (child = mrkm_child(node, "protocol"); child;
	     child = mrkm_next(child)) {
		struct mrkm_protocol_config *protocol =
			&config->protocols[config->protocol_count++];

		if (mrkm_config_read_protocol(child, &protocol->protocol,
					      problem, size))
			return -1;
		strlcpy(protocol->key_chain, mrkm_leaf(child, "key-chain"),
			sizeof(protocol->key_chain));
	}
	return 0;
}

static int read_group(const struct lyd_node *node, uint16_t port,
		      struct mrkm_group_config *config, char *problem,
		      size_t size)
{
	const char *psk_file = mrkm_leaf(node, "pre-shared-key-file");
	const char *interface = mrkm_leaf(node, "multicast-interface");
	char why[512];

	memset(config, 0, sizeof(*config));
	strlcpy(config->name, mrkm_leaf(node, "name"), sizeof(config->name));
	if (psk_file)
		strlcpy(config->psk_file, psk_file, sizeof(config->psk_file));
	if (interface)
		strlcpy(config->multicast_interface, interface,
			sizeof(config->multicast_interface));
	mrkm_config_read_member_auth(node, config);
	if (read_group_id(node, &config->id, why, sizeof(why)) ||
	    read_group_lists(node, port, config, why, sizeof(why)))
		return mrkm_fail(problem, size, "group %s: %s", config->name,
				 why);
	return 0;
}

/* What the delays and lifetimes must be to each other. */
static int check_times(const struct gikev2_group_config *config, char *problem,
		       size_t size)
{
	uint32_t shortest = gikev2_group_lifetime_min(config);

	if (config->dtd <= config->atd + 1)
		return mrkm_fail(
			problem, size,
			"deactivation-delay %u must exceed activation-delay %u by more than one second: raise the former or lower the latter",
			config->dtd, config->atd);
	for (size_t i = 0; i < config->protocol_count; i++)
		if (config->protocols[i].lifetime < shortest)
			return mrkm_fail(
				problem, size,
				"lifetime %u of protocol %s leaves no room for a roll: with these delays it must be at least %u seconds",
				config->protocols[i].lifetime,
				keytable_protocol_by_wire(
					config->protocols[i].protocol)
					->name,
				shortest);
	return 0;
}

static int read_ks_group(const struct lyd_node *node, uint16_t port,
			 struct mrkm_ks_group_config *config, char *problem,
			 size_t size)
{
	struct gikev2_group_config *engine = &config->engine;
	char why[512];
	int err;

	memset(config, 0, sizeof(*config));
	strlcpy(config->name, mrkm_leaf(node, "name"), sizeof(config->name));
	engine->atd = mrkm_leaf_number(node, "activation-delay");
	engine->dtd = mrkm_leaf_number(node, "deactivation-delay");
	mrkm_config_read_ks_auth(node, config);
	err = read_group_id(node, &engine->id, why, sizeof(why));
	if (!err)
		err = mrkm_config_read_ks_protocols(node, engine, why,
						    sizeof(why));
	if (!err)
		err = check_times(engine, why, sizeof(why));
	if (!err)
		err = mrkm_config_read_rekey(node, port, config, why,
					     sizeof(why));
	if (err)
		return mrkm_fail(problem, size, "key server, group %s: %s",
				 config->name, why);
	return 0;
}

/* An entry for who was not in the list before. */
static int add_ks_member(const struct lyd_node *node,
			 struct mrkm_ks_members_head *members, char *problem,
			 size_t size)
{
	struct mrkm_ks_member_config config;
	struct mrkm_ks_member *member;

	if (mrkm_config_read_ks_member(node, &config, problem, size))
		return -1;
	member = mrkm_ks_member_new(&config);
	if (!mrkm_ks_members_add(members, member))
		return 0;
	mrkm_ks_member_free(member);
	return mrkm_fail(
		problem, size,
		"\"%s %s\" is there already, written in another way: remove one of the two",
		mrkm_leaf(node, "type"), mrkm_leaf(node, "value"));
}

/* `members` gets an entry for each that may join. */
static int read_ks_members(const struct lyd_node *node,
			   struct mrkm_ks_members_head *members, char *problem,
			   size_t size)
{
	const struct lyd_node *child;
	char why[512];

	for (child = mrkm_child(node, "member"); child;
	     child = mrkm_next(child))
		if (add_ks_member(child, members, why, sizeof(why)))
			return mrkm_fail(problem, size,
					 "key server, group %s, member: %s",
					 mrkm_leaf(node, "name"), why);
	return 0;
}

/* --------------------------------------------------------------- checking */

/* Another protocol entry, of any group, that names the same key chain. */
static const struct lyd_node *rival(const struct lyd_node *tree,
				    const struct lyd_node *entry)
{
	const struct lyd_node *group, *other;

	for (group = mrkm_child(tree, "group"); group; group = mrkm_next(group))
		for (other = mrkm_child(group, "protocol"); other;
		     other = mrkm_next(other))
			if (other != entry &&
			    !strcmp(mrkm_leaf(other, "key-chain"),
				    mrkm_leaf(entry, "key-chain")))
				return other;
	return NULL;
}

/* No two groups or protocols may feed one key chain. */
static int check_key_chains(const struct lyd_node *tree,
			    const struct lyd_node *group, char *problem,
			    size_t size)
{
	const struct lyd_node *entry, *other;

	for (entry = mrkm_child(group, "protocol"); entry;
	     entry = mrkm_next(entry)) {
		other = rival(tree, entry);
		if (!other)
			continue;
		return mrkm_fail(
			problem, size,
			"key chain %s is named by group %s, protocol %s, and by group %s, protocol %s: give each its own",
			mrkm_leaf(entry, "key-chain"), mrkm_leaf(group, "name"),
			mrkm_leaf(entry, "name"),
			mrkm_leaf(lyd_parent(other), "name"),
			mrkm_leaf(other, "name"));
	}
	return 0;
}

/* No two groups of one role may have the same IDg. */
static int check_ids(const struct lyd_node *parent, const char *role,
		     char *problem, size_t size)
{
	const struct lyd_node *a, *b;
	struct gikev2_id id_a, id_b;
	char why[512];

	for (a = mrkm_child(parent, "group"); a; a = mrkm_next(a))
		for (b = mrkm_child(parent, "group"); b; b = mrkm_next(b)) {
			if (a == b ||
			    read_group_id(a, &id_a, why, sizeof(why)) ||
			    read_group_id(b, &id_b, why, sizeof(why)) ||
			    !gikev2_id_equal(&id_a, &id_b))
				continue;
			return mrkm_fail(
				problem, size,
				"%sgroups %s and %s have the same identity: change \"id\" of one",
				role, mrkm_leaf(a, "name"),
				mrkm_leaf(b, "name"));
		}
	return 0;
}

static int check_ks_members(const struct lyd_node *node, char *problem,
			    size_t size)
{
	struct mrkm_ks_members_head members;
	int ret;

	mrkm_ks_members_init(&members);
	ret = read_ks_members(node, &members, problem, size);
	mrkm_ks_members_free(&members);
	mrkm_ks_members_fini(&members);
	return ret;
}

/* RFC 7512: the configuration is shown, saved and logged.  Nor is it said here. */
static int check_pins(const struct lyd_node *tree, char *problem, size_t size)
{
	const struct lyd_node *node;

	LYD_TREE_DFS_BEGIN(tree, node)
	{
		if (node->schema->nodetype & LYD_NODE_TERM &&
		    strcasestr(lyd_get_value(node), "pin-value="))
			return mrkm_fail(
				problem, size,
				"%s: a PIN must not stand in the configuration (pin-value): name a file that the daemon's user alone can read (pin-source)",
				node->schema->name);
		LYD_TREE_DFS_END(tree, node);
	}
	return 0;
}

int mrkm_config_check(const struct lyd_node *tree, char *problem, size_t size)
{
	const struct lyd_node *server = mrkm_child(tree, "key-server");
	struct mrkm_base_config base;
	struct mrkm_group_config group;
	struct mrkm_ks_group_config ks_group;
	const struct lyd_node *child;

	if (check_pins(tree, problem, size) ||
	    read_base(tree, &base, problem, size))
		return -1;
	if (!base.identity.type && (server || mrkm_child(tree, "group")))
		return mrkm_fail(
			problem, size,
			"this router has no identity: configure \"identity\" under \"mrkm\" before groups and the key server");
	for (child = mrkm_child(tree, "group"); child; child = mrkm_next(child))
		if (read_group(child, base.port, &group, problem, size) ||
		    check_key_chains(tree, child, problem, size))
			return -1;
	if (check_ids(tree, "", problem, size))
		return -1;
	if (!server)
		return 0;
	for (child = mrkm_child(server, "group"); child;
	     child = mrkm_next(child))
		if (read_ks_group(child, base.port, &ks_group, problem, size) ||
		    check_ks_members(child, problem, size))
			return -1;
	return check_ids(server, "key server: ", problem, size);
}

/* --------------------------------------------------------------- applying */

static void apply_params(const struct mrkm_base_config *base)
{
	struct gikev2_params params;

	gikev2_params_default(&params);
	if (base->liveness_interval) {
		params.liveness_time = base->liveness_interval * GIKEV2_SECOND;
		/* After a restart the members must have noticed and come back
		 * before any of them sends with a key that others lack.
		 */
		params.restart_time =
			MAX(params.restart_time, 3 * params.liveness_time);
	}
	if (base->half_open_limit)
		params.half_open_max = base->half_open_limit;
	/* whoever floods us from one network leaves room for the others */
	params.half_open_prefix_max = MAX(params.half_open_max / 4, 1);
	params.nat_port = base->nat_port;
	if (base->addke_set)
		params.addke[0] = base->addke;
	gikev2_set_params(mrkm.engine, &params);
}

static void apply_ks_groups(const struct lyd_node *server)
{
	struct mrkm_ks_group_config config;
	struct mrkm_ks_group *group;
	const struct lyd_node *child;
	char problem[512];

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group)
		group->configured = false;
	if (server)
		for (child = mrkm_child(server, "group"); child;
		     child = mrkm_next(child)) {
			struct mrkm_ks_members_head members;

			mrkm_ks_members_init(&members);
			if (!read_ks_group(child, mrkm.base.port, &config,
					   problem, sizeof(problem)) &&
			    !read_ks_members(child, &members, problem,
					     sizeof(problem)))
				mrkm_ks_group_apply(&config, &members);
			mrkm_ks_members_free(&members);
			mrkm_ks_members_fini(&members);
		}
	frr_each_safe(mrkm_ks_groups, &mrkm.ks_groups, group)
		if (!group->configured)
			mrkm_ks_group_del(group);
}

static void apply_groups(const struct lyd_node *tree)
{
	struct mrkm_group_config config;
	struct mrkm_group *group;
	const struct lyd_node *child;
	char problem[512];

	frr_each(mrkm_groups, &mrkm.groups, group)
		group->configured = false;
	if (tree)
		for (child = mrkm_child(tree, "group"); child;
		     child = mrkm_next(child))
			if (!read_group(child, mrkm.base.port, &config, problem,
					sizeof(problem)))
				mrkm_group_apply(&config);
	frr_each_safe(mrkm_groups, &mrkm.groups, group)
		if (!group->configured)
			mrkm_group_del(group);
}

void mrkm_config_apply(const struct lyd_node *tree)
{
	struct mrkm_base_config base = {};
	bool renamed;
	char problem[512];

	if (tree && read_base(tree, &base, problem, sizeof(problem)))
		return;
	renamed = mrkm.base.identity.type && base.identity.type &&
		  !gikev2_id_equal(&mrkm.base.identity, &base.identity);
	mrkm.base = base;
	apply_params(&base);
	if (base.identity.type)
		gikev2_set_identity(mrkm.engine, &base.identity);
	mrkm_auth_apply();
	mrkm_state_apply();
	mrkm_keep_apply();
	/* Sockets first: a group registers as soon as it is there. */
	if (base.enabled)
		mrkm_io_apply();
	/* Ours before theirs: this router may be a member of its own group. */
	apply_ks_groups(tree ? mrkm_child(tree, "key-server") : NULL);
	apply_groups(tree);
	mrkm_multicast_apply();
	if (renamed)
		mrkm_group_reregister(true);
	/* The last word of what went needed the sockets. */
	if (!base.enabled)
		mrkm_io_apply();
	mrkm_engine_reschedule();
}
