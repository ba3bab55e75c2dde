// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups that this router is a member of: between the configuration, the
 * engine's members and the key channel.
 */
#include <zebra.h>

#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_advice.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_psk.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_GROUP, "MRKM group");

int mrkm_group_cmp(const struct mrkm_group *a, const struct mrkm_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

struct mrkm_group *mrkm_group_find(const char *name)
{
	struct mrkm_group *group;

	frr_each(mrkm_groups, &mrkm.groups, group)
		if (!strcmp(group->config.name, name))
			return group;
	return NULL;
}

/* Something to prove who we are with. */
static bool has_credentials(const struct mrkm_group_config *config)
{
	uint8_t own = mrkm_auth_ways(config->auth.own, config->psk_file[0]);

	return (own & GIKEV2_BY_PSK && config->psk_file[0]) ||
	       (own & GIKEV2_BY_CERTIFICATE &&
		mrkm.base.trust.certificate_count);
}

/*
 * What the engine is to do for a group.  Without credentials there is no
 * use in asking a server, and without offers there is nothing to ask for; the
 * engine then keeps what it has and waits.
 */
static void engine_config(const struct mrkm_group *group,
			  struct gikev2_member_config *engine)
{
	const struct mrkm_group_config *config = &group->config;

	memset(engine, 0, sizeof(*engine));
	engine->group = config->id;
	engine->realm = group->realm;
	if (has_credentials(config))
		for (size_t i = 0; i < config->server_count; i++) {
			engine->servers[i] = config->servers[i].endpoint;
			engine->nat_ports[i] = config->servers[i].nat_port;
			engine->server_count++;
		}
	for (size_t i = 0; i < config->protocol_count; i++) {
		uint8_t protocol = config->protocols[i].protocol;
		uint32_t algorithms = mrkm_channel_algorithms(protocol);

		if (algorithms)
			engine->offers[engine->offer_count++] =
				(struct gikev2_offer){ protocol, algorithms };
	}
}

static const struct mrkm_protocol_config *
find_protocol(const struct mrkm_group_config *config, uint8_t protocol)
{
	for (size_t i = 0; i < config->protocol_count; i++)
		if (config->protocols[i].protocol == protocol)
			return &config->protocols[i];
	return NULL;
}

static void channel_failed(const struct mrkm_group *group,
			   const struct mrkm_protocol_config *protocol, int err)
{
	zlog_err("mrkm: group %s: key chain %s cannot be kept: %s",
		 group->config.name, protocol->key_chain, mrkm_err_text(err));
}

/* Claims the key chains that the configuration names, lets go of others. */
static void bind_key_chains(struct mrkm_group *group,
			    const struct mrkm_group_config *old)
{
	for (size_t i = 0; i < old->protocol_count; i++)
		if (!find_protocol(&group->config, old->protocols[i].protocol))
			mrkm_channel_unset(old->name,
					   old->protocols[i].protocol);

	for (size_t i = 0; i < group->config.protocol_count; i++) {
		const struct mrkm_protocol_config *now =
			&group->config.protocols[i];
		const struct mrkm_protocol_config *was =
			find_protocol(old, now->protocol);
		int err;

		if (was && !strcmp(was->key_chain, now->key_chain))
			continue;
		err = mrkm_channel_bind(group->config.name, now->protocol,
					now->key_chain);
		if (err)
			channel_failed(group, now, err);
	}
}

/* The rows of one protocol into its key chain. */
static void deliver(const struct mrkm_group *group,
		    const struct mrkm_protocol_config *protocol,
		    const struct keytable_row *rows, size_t count)
{
	struct keytable_row mine[KEYTABLE_ROWS_MAX];
	size_t n = 0;
	int err;

	for (size_t i = 0; i < count && n < array_size(mine); i++)
		if (rows[i].protocol == protocol->protocol)
			mine[n++] = rows[i];
	err = mrkm_channel_set(group->config.name, protocol->protocol,
			       protocol->key_chain, mine, n);
	keytable_wipe(mine, n);
	if (err)
		channel_failed(group, protocol, err);
	DEBUGD(&mrkm_dbg_keys, "group %s: %zu %s keys into key chain %s",
	       group->config.name, n,
	       keytable_protocol_by_wire(protocol->protocol)->name,
	       protocol->key_chain);
}

void mrkm_group_keys(struct mrkm_group *group, const struct keytable_row *rows,
		     size_t count)
{
	/*
	 * Nothing yet is not the same as nothing any more: the daemons may
	 * still live on keys of the mrkmd before this one.
	 */
	if (!count && !group->has_keys)
		return;
	group->has_keys = count != 0;
	for (size_t i = 0; i < group->config.protocol_count; i++)
		deliver(group, &group->config.protocols[i], rows, count);
}

/* What the engine does not see, but what decides about a registration. */
static bool credentials_changed(const struct mrkm_group_config *a,
				const struct mrkm_group_config *b)
{
	if (strcmp(a->psk_file, b->psk_file) ||
	    memcmp(&a->auth, &b->auth, sizeof(a->auth)) ||
	    strcmp(a->trust_anchor, b->trust_anchor) ||
	    memcmp(&a->ppk, &b->ppk, sizeof(a->ppk)))
		return true;
	for (size_t i = 0; i < array_size(a->servers); i++)
		if (!gikev2_id_equal(&a->servers[i].identity,
				     &b->servers[i].identity))
			return true;
	return false;
}

/* Those that prove and take the same share their IKE SAs with a key server. */
static uint32_t realm_of(const struct mrkm_group *group)
{
	static uint32_t last;
	const struct mrkm_group *other;

	frr_each(mrkm_groups_const, &mrkm.groups, other)
		if (other != group && other->realm &&
		    !credentials_changed(&other->config, &group->config))
			return other->realm;
	return ++last;
}

void mrkm_group_restore(struct mrkm_group *group)
{
	int ret = 0;

	if (group->member)
		ret = gikev2_member_restore(group->member, mrkm_now());
	if (ret < 0)
		zlog_warn(
			"mrkm: group %s: the keys that were kept are of no use: %s; new ones come with the registration",
			group->config.name, gikev2_err_text(ret));
}

static void engine_update(struct mrkm_group *group)
{
	struct gikev2_member_config config;
	struct gikev2_member_status status;

	engine_config(group, &config);
	if (!group->member) {
		group->member = gikev2_member_add(mrkm.engine, group, &config,
						  mrkm_now());
		if (!group->member)
			zlog_err(
				"mrkm: group %s cannot be joined: out of memory",
				group->config.name);
		mrkm_group_restore(group);
		return;
	}
	/* It compares, and so does the key channel. */
	gikev2_member_update(group->member, &config, mrkm_now());
	/* Keys that are there already, for a key chain that is new. */
	gikev2_member_get_status(group->member, &status);
	if (status.row_count)
		mrkm_group_keys(group, status.rows, status.row_count);
}

void mrkm_group_apply(const struct mrkm_group_config *config)
{
	struct mrkm_group *group = mrkm_group_find(config->name);
	struct mrkm_group_config old = {};
	bool changed;

	if (group) {
		old = group->config;
		group->config = *config;
	} else {
		group = XCALLOC(MTYPE_MRKM_GROUP, sizeof(*group));
		group->config = *config;
		mrkm_groups_add(&mrkm.groups, group);
	}
	changed = credentials_changed(config, &old);
	if (!group->realm || changed)
		group->realm = realm_of(group);
	group->configured = true;
	bind_key_chains(group, &old);
	engine_update(group);
	if (group->member && old.name[0] && changed)
		gikev2_member_reregister(group->member, mrkm_now());
}

void mrkm_group_del(struct mrkm_group *group)
{
	if (group->member)
		gikev2_member_del(group->member, mrkm_now());
	for (size_t i = 0; i < group->config.protocol_count; i++)
		mrkm_channel_unset(group->config.name,
				   group->config.protocols[i].protocol);
	mrkm_group_free(group);
}

void mrkm_group_free(struct mrkm_group *group)
{
	mrkm_groups_del(&mrkm.groups, group);
	XFREE(MTYPE_MRKM_GROUP, group);
}

void mrkm_group_offers_changed(void)
{
	struct mrkm_group *group;

	frr_each(mrkm_groups, &mrkm.groups, group)
		engine_update(group);
	mrkm_engine_reschedule();
}

void mrkm_group_reregister(bool all)
{
	struct gikev2_member_status status;
	struct mrkm_group *group;

	frr_each(mrkm_groups, &mrkm.groups, group) {
		if (!group->member)
			continue;
		gikev2_member_get_status(group->member, &status);
		if (all || status.state != GIKEV2_GM_KEY_TABLE)
			gikev2_member_reregister(group->member, mrkm_now());
	}
}

/* -------------------------------------------------------------- credentials */

/* The server in use, as it is configured; NULL: none is. */
static const struct mrkm_key_server_config *
current_server(const struct mrkm_group *group)
{
	struct gikev2_member_status status;

	if (!group->member)
		return NULL;
	gikev2_member_get_status(group->member, &status);
	for (size_t i = 0; i < group->config.server_count; i++) {
		const struct mrkm_key_server_config *server =
			&group->config.servers[i];

		if (server->endpoint.family == status.server.family &&
		    !memcmp(server->endpoint.ip, status.server.ip,
			    sizeof(status.server.ip)))
			return server;
	}
	return NULL;
}

/* Whose certificate a key server without "identity" has to have. */
static void address_identity(const struct gikev2_endpoint *endpoint,
			     struct gikev2_id *id)
{
	memset(id, 0, sizeof(*id));
	id->type = endpoint->family == 6 ? GIKEV2_ID_IPV6_ADDR
					 : GIKEV2_ID_IPV4_ADDR;
	id->len = endpoint->family == 6 ? 16 : 4;
	memcpy(id->data, endpoint->ip, id->len);
}

/*
 * May that be the key server?  Who shares a key with us may name itself as it
 * likes; a certificate must be for the identity that is configured, or else for
 * the address, for a member of the group has one by the same CA.
 */
static uint8_t ways_of_server(const struct mrkm_group *group,
			      const struct gikev2_id *id, uint8_t ways)
{
	const struct mrkm_key_server_config *server = current_server(group);
	char want[300], got[300];
	struct gikev2_id expected;

	if (!server)
		return ways & GIKEV2_BY_PSK;
	if (server->identity.type)
		expected = server->identity;
	else
		address_identity(&server->endpoint, &expected);
	if (gikev2_id_equal(id, &expected))
		return ways;
	if (!server->identity.type && ways & GIKEV2_BY_PSK)
		return GIKEV2_BY_PSK;
	mrkm_log_limited(
		MRKM_LIMIT_SERVER_IDENTITY, LOG_WARNING,
		"group %s: the key server says it is %s, but must be %s%s",
		group->config.name, gikev2_id_text(id, got, sizeof(got)),
		gikev2_id_text(&expected, want, sizeof(want)),
		server->identity.type
			? ""
			: " by its address: configure \"key-server ... identity\"");
	return 0;
}

void mrkm_group_auth_policy(struct mrkm_group *group,
			    const struct gikev2_id *server,
			    struct gikev2_auth_policy *policy)
{
	const struct mrkm_group_config *config = &group->config;
	bool psk = config->psk_file[0];

	policy->own = mrkm_auth_ways(config->auth.own, psk);
	policy->peer = mrkm_auth_ways(config->auth.peer, psk);
	if (!psk)
		policy->own &= ~GIKEV2_BY_PSK;
	if (server)
		policy->peer = ways_of_server(group, server, policy->peer);
	mrkm_auth_complete(policy, config->trust_anchor);
}

int mrkm_group_psk(struct mrkm_group *group, const struct gikev2_id *server,
		   struct gikev2_secret *secret)
{
	char problem[512];

	if (!group->config.psk_file[0])
		return -GIKEV2_ERR_NO_CREDENTIAL;
	if (!mrkm_psk_read(group->config.psk_file, secret, problem,
			   sizeof(problem)))
		return 0;
	mrkm_log_limited(MRKM_LIMIT_PSK, LOG_ERR, "group %s: %s",
			 group->config.name, problem);
	return -GIKEV2_ERR_NO_CREDENTIAL;
}

int mrkm_group_ppk(struct mrkm_group *group, struct gikev2_ppk *ppk)
{
	char whose[MRKM_NAME_SIZE + 8];

	if (!group->config.ppk.id[0])
		return -GIKEV2_ERR_NO_CREDENTIAL;
	snprintf(whose, sizeof(whose), "group %s", group->config.name);
	return mrkm_auth_ppk(&group->config.ppk, whose, ppk);
}

void mrkm_group_event(struct mrkm_group *group,
		      const struct gikev2_event *event)
{
	if (event->type != GIKEV2_EVENT_REGISTRATION_FAILED &&
	    event->type != GIKEV2_EVENT_REGISTERED)
		return;
	strlcpy(group->detail, event->detail ? event->detail : "",
		sizeof(group->detail));
}

/* ----------------------------------------------------------------- problem */

/* The first key of the group that a daemon refused. */
struct refusal {
	const struct mrkm_group *group;
	char *buf;
	size_t size;
	bool found;
};

static void find_refusal(void *arg, const struct mrkm_key_status *status)
{
	struct refusal *refusal = arg;

	if (refusal->found ||
	    strcmp(status->group, refusal->group->config.name))
		return;
	if (status->result == MRKM_ERR_OK || status->result == MRKM_ERR_PENDING)
		return;
	refusal->found = true;
	snprintf(refusal->buf, refusal->size, "%s refused key chain %s: %s",
		 status->daemon, status->key_chain,
		 mrkm_err_text(status->result));
}

static bool credentials_problem(const struct mrkm_group_config *config,
				char *buf, size_t size)
{
	bool psk = config->psk_file[0];
	uint8_t own = mrkm_auth_ways(config->auth.own, psk);
	uint8_t peer = mrkm_auth_ways(config->auth.peer, psk);

	if (!psk && own == GIKEV2_BY_CERTIFICATE && !config->auth.own &&
	    !mrkm.base.trust.certificate_count) {
		strlcpy(buf,
			"no credentials: configure \"pre-shared-key file\", or \"certificate\" under \"mrkm\"",
			size);
		return true;
	}
	if (!psk && (own == GIKEV2_BY_PSK || peer == GIKEV2_BY_PSK)) {
		strlcpy(buf,
			"no pre-shared key: configure \"pre-shared-key file\"",
			size);
		return true;
	}
	if (psk && mrkm_psk_check(config->psk_file, buf, size))
		return true;
	/* of what is one way among two, the other may do */
	return mrkm_auth_problem(own == GIKEV2_BY_CERTIFICATE ? own : 0,
				 peer == GIKEV2_BY_CERTIFICATE ? peer : 0,
				 config->trust_anchor, buf, size) ||
	       mrkm_auth_ppk_problem(&config->ppk, buf, size);
}

/* What the configuration lacks. */
static bool config_problem(const struct mrkm_group_config *config, char *buf,
			   size_t size)
{
	if (!config->server_count)
		strlcpy(buf, "no key server: configure \"key-server\"", size);
	else if (!config->protocol_count)
		strlcpy(buf, "no protocol: configure \"protocol\"", size);
	else
		return credentials_problem(config, buf, size);
	return true;
}

/* Nobody takes keys for the protocol, or can do anything with them. */
static void no_offer(const struct keytable_protocol *protocol, char *buf,
		     size_t size)
{
	enum mrkm_err obstacle = mrkm_channel_obstacle(protocol->wire);

	if (!mrkm_channel_connected())
		strlcpy(buf,
			"no connection to zebra, the way to the routing daemons: start zebra",
			size);
	else if (obstacle == MRKM_ERR_NOT_CONNECTED)
		snprintf(
			buf, size,
			"waiting for %s: start it with module mrkm (\"-M mrkm\")",
			protocol->daemons[0]);
	else
		snprintf(buf, size, "no keys of %s can be used: %s",
			 protocol->name, mrkm_err_text(obstacle));
}

/* Protocols that no daemon has offered to take keys for. */
static bool offer_problem(const struct mrkm_group_config *config, char *buf,
			  size_t size)
{
	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct keytable_protocol *protocol =
			keytable_protocol_by_wire(
				config->protocols[i].protocol);

		if (mrkm_channel_algorithms(protocol->wire))
			continue;
		no_offer(protocol, buf, size);
		return true;
	}
	return false;
}

bool mrkm_group_problem(const struct mrkm_group *group, char *buf, size_t size)
{
	struct refusal refusal = { group, buf, size };
	struct gikev2_member_status status;

	buf[0] = '\0';
	if (config_problem(&group->config, buf, size) ||
	    mrkm_io_problem(buf, size) ||
	    offer_problem(&group->config, buf, size))
		return true;
	buf[0] = '\0';
	if (!group->member) {
		strlcpy(buf,
			"out of memory: remove the group and configure it again",
			size);
		return true;
	}
	gikev2_member_get_status(group->member, &status);
	if (status.state != GIKEV2_GM_KEY_TABLE && status.last_error) {
		snprintf(buf, size, "%s: %s",
			 group->detail[0] ? group->detail
					  : gikev2_err_text(status.last_error),
			 mrkm_advice(status.last_error));
		return true;
	}
	mrkm_channel_visit_keys(find_refusal, &refusal);
	return refusal.found || mrkm_multicast_problem(group, buf, size);
}
