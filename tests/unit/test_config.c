// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's configuration: what is read out of the tree, and what is said when
 * it will not do.
 */
#include <zebra.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "gikev2/gikev2_int.h"
#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_state.h"

/* ----------------------------------------- what mrkm_config_apply() drives */

struct mrkm mrkm;

static struct {
	char log[1024];
	struct mrkm_group_config group;
	struct mrkm_ks_group_config ks_group;
	size_t ks_members;
	struct mrkm_ks_member_config ks_member; /* the first */
	char psk_file[MRKM_FILE_SIZE], trust_anchor[MRKM_NAME_SIZE];
} applied;

static void note(const char *what, const char *name)
{
	strlcat(applied.log, what, sizeof(applied.log));
	strlcat(applied.log, name, sizeof(applied.log));
	strlcat(applied.log, ";", sizeof(applied.log));
}

int mrkm_group_cmp(const struct mrkm_group *a, const struct mrkm_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

int mrkm_ks_group_cmp(const struct mrkm_ks_group *a,
		      const struct mrkm_ks_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

int mrkm_ks_member_cmp(const struct mrkm_ks_member *a,
		       const struct mrkm_ks_member *b)
{
	return memcmp(&a->identity, &b->identity, sizeof(a->identity));
}

void mrkm_auth_apply(void)
{
}

void mrkm_state_apply(void)
{
}

void mrkm_keep_apply(void)
{
}

void mrkm_io_apply(void)
{
	note("io", "");
}

void mrkm_engine_reschedule(void)
{
}

void mrkm_multicast_apply(void)
{
}

void mrkm_group_apply(const struct mrkm_group_config *config)
{
	applied.group = *config;
	note("group ", config->name);
}

void mrkm_group_del(struct mrkm_group *group)
{
	note("no group ", group->config.name);
	mrkm_groups_del(&mrkm.groups, group);
}

void mrkm_group_reregister(bool all)
{
	note("reregister", "");
}

void mrkm_ks_group_apply(const struct mrkm_ks_group_config *config,
			 struct mrkm_ks_members_head *members)
{
	applied.ks_group = *config;
	applied.ks_members = mrkm_ks_members_count(members);
	note("ks group ", config->name);
}

void mrkm_ks_group_del(struct mrkm_ks_group *group)
{
	note("no ks group ", group->config.name);
	mrkm_ks_groups_del(&mrkm.ks_groups, group);
}

struct mrkm_ks_member *
mrkm_ks_member_new(const struct mrkm_ks_member_config *config)
{
	struct mrkm_ks_member *member = calloc(1, sizeof(*member));

	mrkm_identity_copy(&member->identity, &config->identity);
	applied.ks_member = *config;
	if (config->psk_file)
		strlcpy(applied.psk_file, config->psk_file,
			sizeof(applied.psk_file));
	if (config->trust_anchor)
		strlcpy(applied.trust_anchor, config->trust_anchor,
			sizeof(applied.trust_anchor));
	return member;
}

void mrkm_ks_member_free(struct mrkm_ks_member *member)
{
	free(member);
}

void mrkm_ks_members_free(struct mrkm_ks_members_head *members)
{
	struct mrkm_ks_member *member;

	while ((member = mrkm_ks_members_pop(members)))
		free(member);
}

/* ----------------------------------------------------------------- helpers */

static struct ly_ctx *ctx;
static struct lyd_node *data;
static char problem[1024];

/* The tree under MRKM_XPATH that this JSON (single quotes) stands for. */
static const struct lyd_node *tree(const char *text)
{
	char json[4096];
	struct lyd_node *node;

	snprintf(json, sizeof(json), "{'frr-mrkmd:mrkmd':{'mrkm':{%s}}}", text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	lyd_free_all(data);
	data = NULL;
	assert_int_equal(lyd_parse_data_mem(ctx, json, LYD_JSON, 0,
					    LYD_VALIDATE_NO_STATE, &data),
			 LY_SUCCESS);
	assert_int_equal(lyd_find_path(data, MRKM_XPATH, 0, &node), LY_SUCCESS);
	return node;
}

static void expect_ok(const char *text)
{
	problem[0] = '\0';
	if (mrkm_config_check(tree(text), problem, sizeof(problem)))
		fail_msg("%s", problem);
}

/* Refused with a sentence that has all these words. */
static void expect_problem(const char *text, const char *const words[])
{
	assert_int_equal(
		mrkm_config_check(tree(text), problem, sizeof(problem)), -1);
	for (size_t i = 0; words[i]; i++)
		if (!strstr(problem, words[i]))
			fail_msg("no \"%s\" in: %s", words[i], problem);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define ME "'identity':{'type':'fqdn','value':'r1.example.net'}"
#define GROUP(name, more) "'group':[{'name':'" name "'" more "}]"
#define KS_GROUP(name, more)                                                   \
	"'key-server':{'group':[{'name':'" name "'" more "}]}"
#define KS_PROTOCOL(algorithm, lifetime)                                       \
	",'protocol':[{'name':'ospfv2','algorithm':'" algorithm                \
	"','lifetime':" lifetime "}]"

static int setup(void **state)
{
	const char *folder = getenv("top_srcdir");
	char yang[PATH_MAX];

	snprintf(yang, sizeof(yang), "%s/yang", folder ? folder : ".");
	if (ly_ctx_new(yang, 0, &ctx) ||
	    !ly_ctx_load_module(ctx, "frr-mrkmd", NULL, NULL))
		return -1;
	mrkm_groups_init(&mrkm.groups);
	mrkm_ks_groups_init(&mrkm.ks_groups);
	return 0;
}

static int teardown(void **state)
{
	lyd_free_all(data);
	ly_ctx_destroy(ctx);
	return 0;
}

/* -------------------------------------------------------------- identities */

static void identities(void **state)
{
	static const struct {
		const char *type, *value;
		uint8_t id_type, len;
	} good[] = {
		{ "fqdn", "r1.example.net", GIKEV2_ID_FQDN, 14 },
		{ "email", "noc@example.net", GIKEV2_ID_RFC822_ADDR, 15 },
		{ "address", "192.0.2.1", GIKEV2_ID_IPV4_ADDR, 4 },
		{ "address", "2001:db8::1", GIKEV2_ID_IPV6_ADDR, 16 },
		{ "key-id", "CORE", GIKEV2_ID_KEY_ID, 4 },
	};
	struct gikev2_id id;
	const char *type;
	char value[300];

	for (size_t i = 0; i < array_size(good); i++) {
		assert_true(
			mrkm_identity_read(good[i].type, good[i].value, &id));
		assert_int_equal(id.type, good[i].id_type);
		assert_int_equal(id.len, good[i].len);
		assert_true(
			mrkm_identity_write(&id, &type, value, sizeof(value)));
		assert_string_equal(type, good[i].type);
		assert_string_equal(value, good[i].value);
	}
}

static void bad_identities(void **state)
{
	struct gikev2_id id;
	char long_name[GIKEV2_ID_MAX + 2];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_false(mrkm_identity_read("fqdn", long_name, &id));
	assert_true(mrkm_identity_read("fqdn", long_name + 1, &id));
	assert_false(mrkm_identity_read("fqdn", "", &id));
	assert_false(mrkm_identity_read("email", "noc", &id));
	assert_false(mrkm_identity_read("address", "192.0.2", &id));
	assert_false(mrkm_identity_read("address", "r1", &id));
	assert_false(mrkm_identity_read("dn", "r1", &id));
	assert_false(mrkm_identity_read("dn", "CN=*", &id));
}

/* What a stranger may send, but no configuration can say. */
static void unwritable_identities(void **state)
{
	struct gikev2_id id = { .type = GIKEV2_ID_DER_ASN1_DN, .len = 2 };
	const char *type;
	char value[300];

	assert_false(mrkm_identity_write(&id, &type, value, sizeof(value)));
	id = (struct gikev2_id){ .type = GIKEV2_ID_IPV4_ADDR, .len = 5 };
	assert_false(mrkm_identity_write(&id, &type, value, sizeof(value)));
	id = (struct gikev2_id){ .type = GIKEV2_ID_KEY_ID,
				 .len = 3,
				 .data = { 'a', 0, 'b' } };
	assert_false(mrkm_identity_write(&id, &type, value, sizeof(value)));
	id = (struct gikev2_id){ .type = GIKEV2_ID_KEY_ID, .len = 200 };
	memset(id.data, 'x', id.len);
	assert_false(mrkm_identity_write(&id, &type, value, 200));
	assert_true(mrkm_identity_write(&id, &type, value, 201));
}

/* The engine's identities end where their octets end. */
static void copy_of_identity(void **state)
{
	static const uint8_t octets[] = {
		GIKEV2_ID_KEY_ID, 4, 'C', 'O', 'R', 'E'
	};
	uint8_t *dense = malloc(sizeof(octets));
	struct gikev2_id id;

	memcpy(dense, octets, sizeof(octets));
	memset(&id, 0xff, sizeof(id));
	mrkm_identity_copy(&id, (const struct gikev2_id *)dense);
	assert_int_equal(id.type, GIKEV2_ID_KEY_ID);
	assert_int_equal(id.len, 4);
	assert_memory_equal(id.data, "CORE\0", 5);
	free(dense);
}

/* ---------------------------------------------------------------- checking */

static void nothing_and_little(void **state)
{
	expect_ok("");
	expect_ok(ME);
	expect_ok(ME "," GROUP("CORE", ""));
	expect_ok(ME "," KS_GROUP("CORE", ""));
}

static void identity_comes_first(void **state)
{
	expect_problem(GROUP("CORE", ""), WORDS("no identity", "\"identity\""));
	expect_problem("'key-server':{}", WORDS("no identity"));
	expect_problem("'identity':{'type':'address','value':'r1'}",
		       WORDS("address r1", "IPv4 or IPv6"));
}

static void key_servers(void **state)
{
	static const char *const bad[] = { "224.0.0.1", "0.0.0.0",
					   "fe80::1",	"::",
					   "ff02::1",	"255.255.255.255" };
	char text[512];

	expect_ok(ME "," GROUP(
		"CORE",
		",'key-server':[{'address':'10.0.0.1'},{'address':'2001:db8::1'}]"));
	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(text, sizeof(text),
			 ME
			 "," GROUP("CORE", ",'key-server':[{'address':'%s'}]"),
			 bad[i]);
		expect_problem(text, WORDS("group CORE", bad[i], "unicast"));
		snprintf(text, sizeof(text),
			 ME ",'key-server':{'listen':['%s']}", bad[i]);
		expect_problem(text, WORDS("listen", bad[i], "unicast"));
	}
	expect_problem(
		ME "," GROUP(
			"CORE",
			",'key-server':[{'address':'10.0.0.1','identity':{'type':'email','value':'x'}}]"),
		WORDS("group CORE", "mailbox"));
}

static void protocols(void **state)
{
	expect_problem(
		ME "," GROUP("CORE",
			     ",'protocol':[{'name':'ospfv9','key-chain':'K'}]"),
		WORDS("group CORE", "ospfv9", "ospfv2"));
	expect_problem(ME "," KS_GROUP("CORE", KS_PROTOCOL("sha-9", "3600")),
		       WORDS("key server", "CORE", "sha-9", "hmac-sha-256"));
}

/* Every algorithm of the table, and no other, can be configured. */
static void algorithms_are_those_of_the_table(void **state)
{
	const struct keytable_protocol *ospfv2 =
		keytable_protocol_by_name("ospfv2");
	char text[512];

	for (uint16_t id = 1; id <= KEYTABLE_AUTH_ALGO_MAX; id++) {
		snprintf(text, sizeof(text),
			 ME "," KS_GROUP("CORE", KS_PROTOCOL("%s", "3600")),
			 keytable_algorithm_by_id(id)->name);
		assert_true(keytable_key_len(ospfv2, id) > 0);
		expect_ok(text);
	}
}

static void delays(void **state)
{
	expect_ok(ME "," KS_GROUP(
		"CORE", ",'activation-delay':5,'deactivation-delay':7"));
	expect_problem(
		ME "," KS_GROUP("CORE",
				",'activation-delay':5,'deactivation-delay':6"),
		WORDS("CORE", "deactivation-delay 6", "activation-delay 5"));
	/* against a default */
	expect_problem(ME "," KS_GROUP("CORE", ",'activation-delay':40"),
		       WORDS("deactivation-delay 30", "activation-delay 40"));
}

static void lifetime_leaves_room(void **state)
{
	struct gikev2_group_config config = { .atd = 10, .dtd = 30 };
	uint32_t shortest = gikev2_group_lifetime_min(&config);
	char text[512], number[16];

	snprintf(number, sizeof(number), "%u", shortest);
	snprintf(text, sizeof(text),
		 ME "," KS_GROUP("CORE", KS_PROTOCOL("md5", "%u")), shortest);
	expect_ok(text);
	snprintf(text, sizeof(text),
		 ME "," KS_GROUP("CORE", KS_PROTOCOL("md5", "%u")),
		 shortest - 1);
	expect_problem(text, WORDS("CORE", "lifetime", number));
}

static void one_key_chain_one_owner(void **state)
{
	expect_problem(
		ME
		",'group':["
		"{'name':'A','protocol':[{'name':'ospfv2','key-chain':'K'}]},"
		"{'name':'B','protocol':[{'name':'ospfv2','key-chain':'K'}]}]",
		WORDS("key chain K", "group A", "group B"));
	expect_ok(
		ME
		",'group':["
		"{'name':'A','protocol':[{'name':'ospfv2','key-chain':'K'}]},"
		"{'name':'B','protocol':[{'name':'ospfv2','key-chain':'L'}]}]");
}

static void one_identity_one_group(void **state)
{
	expect_problem(ME ",'group':[{'name':'A'},"
			  "{'name':'B','id':{'type':'key-id','value':'A'}}]",
		       WORDS("groups A and B", "\"id\""));
	expect_ok(ME ",'group':[{'name':'A'},"
		     "{'name':'B','id':{'type':'fqdn','value':'A'}}]");
	/* both roles may have a group of one name */
	expect_ok(
		ME
		",'group':[{'name':'A'}],'key-server':{'group':[{'name':'A'}]}");
	expect_problem(ME ",'key-server':{'group':[{'name':'A'},"
			  "{'name':'B','id':{'type':'key-id','value':'A'}}]}",
		       WORDS("key server", "groups A and B"));
}

static void members_must_have_identities(void **state)
{
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'address','value':'r2','pre-shared-key-file':'/x'}]"),
		WORDS("key server", "CORE", "member", "address r2"));
}

static void members_must_have_credentials(void **state)
{
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'fqdn','value':'r2','ppk':[{'id':'p','file':'/p'}]}]"),
		WORDS("key server", "CORE", "fqdn r2", "pre-shared-key file",
		      "certificate"));
}

static void key_exchanges(void **state)
{
	expect_ok(
		ME
		",'additional-key-exchange':{'method':['ml-kem-1024','ecp-384'],'required':true}");
	expect_ok(ME ",'additional-key-exchange':{}");
	expect_problem(ME ",'additional-key-exchange':{'method':['rot13']}",
		       WORDS("rot13", "ml-kem-768", "curve25519"));
	expect_problem(ME ",'additional-key-exchange':{'required':true}",
		       WORDS("none", "required"));
}

static void too_many_listen(void **state)
{
	char text[1024] = ME ",'key-server':{'listen':[";

	for (int i = 0; i <= MRKM_LISTEN_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s'10.0.0.%d'", i ? "," : "", i + 1);
	strlcat(text, "]}", sizeof(text));
	expect_problem(text, WORDS("listen"));
}

static void one_port_one_use(void **state)
{
	expect_problem(ME ",'port':4500,'nat-traversal-port':4500",
		       WORDS("nat-traversal port 4500", "another"));
}

/* ---------------------------------------------------------------- applying */

static void apply(const char *text)
{
	const struct lyd_node *node = tree(text);

	memset(&applied, 0, sizeof(applied));
	assert_int_equal(mrkm_config_check(node, problem, sizeof(problem)), 0);
	mrkm_config_apply(node);
}

static int with_engine(void **state)
{
	static const struct gikev2_callbacks callbacks;
	struct gikev2_params params;

	gikev2_params_default(&params);
	mrkm.engine = gikev2_new(&callbacks, NULL, &params);
	return mrkm.engine ? 0 : -1;
}

static int without_engine(void **state)
{
	gikev2_free(mrkm.engine);
	mrkm.engine = NULL;
	memset(&mrkm.base, 0, sizeof(mrkm.base));
	return 0;
}

static void defaults(void **state)
{
	apply(ME ",'key-server':{}");
	assert_true(mrkm.base.enabled);
	assert_true(mrkm.base.key_server);
	assert_int_equal(mrkm.base.port, GIKEV2_PORT);
	assert_int_equal(mrkm.base.listen_count, 0);
	assert_int_not_equal(mrkm.base.half_open_limit, 0);
	assert_int_not_equal(mrkm.base.liveness_interval, 0);
}

static void everything_arrives(void **state)
{
	apply(ME
	      ",'port':1848,'group':[{'name':'CORE',"
	      "'id':{'type':'fqdn','value':'core.example.net'},"
	      "'key-server':[{'address':'10.0.0.2'},"
	      "{'address':'10.0.0.1','identity':{'type':'key-id','value':'ks'}}],"
	      "'pre-shared-key-file':'/etc/core.psk',"
	      "'protocol':[{'name':'ospfv2','key-chain':'CHAIN'}]}]");
	assert_int_equal(mrkm.base.port, 1848);
	assert_string_equal(applied.group.name, "CORE");
	assert_int_equal(applied.group.id.type, GIKEV2_ID_FQDN);
	assert_string_equal(applied.group.psk_file, "/etc/core.psk");
	/* in the order of their configuration */
	assert_int_equal(applied.group.server_count, 2);
	assert_int_equal(applied.group.servers[0].endpoint.ip[3], 2);
	assert_int_equal(applied.group.servers[0].endpoint.port, 1848);
	assert_int_equal(applied.group.servers[0].identity.type, 0);
	assert_int_equal(applied.group.servers[1].identity.type,
			 GIKEV2_ID_KEY_ID);
	assert_int_equal(applied.group.protocol_count, 1);
	assert_int_equal(applied.group.protocols[0].protocol, 201);
	assert_string_equal(applied.group.protocols[0].key_chain, "CHAIN");
}

/* The lowest first, and of equal ones that which was configured first. */
static void preferences(void **state)
{
	static const uint8_t order[] = { 4, 1, 3, 5, 2 };

	apply(ME ",'group':[{'name':'CORE','key-server':["
		 "{'address':'10.0.0.1'},"
		 "{'address':'10.0.0.2','preference':129},"
		 "{'address':'10.0.0.3','preference':128},"
		 "{'address':'10.0.0.4','preference':1},"
		 "{'address':'10.0.0.5'}]}]");
	assert_int_equal(applied.group.server_count, sizeof(order));
	for (size_t i = 0; i < sizeof(order); i++)
		assert_int_equal(applied.group.servers[i].endpoint.ip[3],
				 order[i]);
}

static void key_server_arrives(void **state)
{
	apply(ME
	      ",'key-server':{'listen':['10.0.0.1','2001:db8::1'],"
	      "'half-open-limit':7,'group':[{'name':'CORE',"
	      "'member':[{'type':'fqdn','value':'r1','pre-shared-key-file':'/r1.psk'}],"
	      "'protocol':[{'name':'ospfv2','algorithm':'hmac-sha-512','lifetime':4000}],"
	      "'activation-delay':5,'deactivation-delay':15}]}");
	assert_int_equal(mrkm.base.listen_count, 2);
	assert_int_equal(mrkm.base.half_open_limit, 7);
	assert_string_equal(applied.ks_group.name, "CORE");
	assert_int_equal(applied.ks_group.engine.id.type, GIKEV2_ID_KEY_ID);
	assert_int_equal(applied.ks_group.engine.atd, 5);
	assert_int_equal(applied.ks_group.engine.dtd, 15);
	assert_int_equal(applied.ks_group.engine.protocol_count, 1);
	assert_int_equal(applied.ks_group.engine.protocols[0].algorithm,
			 KEYTABLE_HMAC_SHA_512);
	assert_int_equal(applied.ks_group.engine.protocols[0].lifetime, 4000);
	assert_int_equal(applied.ks_members, 1);
	assert_string_equal(applied.psk_file, "/r1.psk");
}

static void certificates_arrive(void **state)
{
	const struct mrkm_trust_config *trust = &mrkm.base.trust;

	apply(ME ",'certificate':[{'uri':'/b','private-key':'/b.key'},"
		 "{'uri':'/a','private-key':'pkcs11:object=a'}],"
		 "'trust-anchor':[{'name':'LAB','uri':'/ca'}],"
		 "'crl':['/crl'],'crl-required':true");
	assert_int_equal(trust->certificate_count, 2);
	/* in the order of their configuration */
	assert_string_equal(trust->certificates[0].uri, "/b");
	assert_string_equal(trust->certificates[0].private_key, "/b.key");
	assert_string_equal(trust->certificates[1].private_key,
			    "pkcs11:object=a");
	assert_int_equal(trust->anchor_count, 1);
	assert_string_equal(trust->anchors[0].name, "LAB");
	assert_string_equal(trust->anchors[0].uri, "/ca");
	assert_int_equal(trust->crl_count, 1);
	assert_string_equal(trust->crls[0], "/crl");
	assert_true(trust->crl_required);
	apply(ME);
	assert_int_equal(trust->certificate_count, 0);
	assert_false(trust->crl_required);
}

static void credentials_of_a_group_arrive(void **state)
{
	apply(ME ",'group':[{'name':'CORE',"
		 "'authentication':{'local':'certificate','remote':'any'},"
		 "'trust-anchor':'LAB',"
		 "'ppk':{'id':'lab','file':'/lab.ppk','required':true}}]");
	assert_int_equal(applied.group.auth.own, GIKEV2_BY_CERTIFICATE);
	assert_int_equal(applied.group.auth.peer,
			 GIKEV2_BY_CERTIFICATE | GIKEV2_BY_PSK);
	assert_string_equal(applied.group.trust_anchor, "LAB");
	assert_string_equal(applied.group.ppk.id, "lab");
	assert_string_equal(applied.group.ppk.file, "/lab.ppk");
	assert_true(applied.group.ppk.required);
	apply(ME ",'group':[{'name':'CORE'}]");
	assert_int_equal(applied.group.auth.own, 0);
	assert_int_equal(applied.group.auth.peer, 0);
	assert_string_equal(applied.group.ppk.id, "");
}

/* What a configuration holds is shown, saved and logged. */
static void no_pins(void **state)
{
	static const char *const trees[] = {
		ME ",'certificate':[{'uri':'/a','private-key':"
		   "'pkcs11:object=a?pin-value=1234'}]",
		ME ",'certificate':[{'uri':'pkcs11:object=a;PIN-Value=1234',"
		   "'private-key':'/a'}]",
		ME
		",'key-server':{'state-file':'/s','state-key':'pkcs11:object=a?pin-value=1234'}",
	};

	for (size_t i = 0; i < array_size(trees); i++)
		expect_problem(trees[i], WORDS("must not", "pin-source"));
	apply(ME ",'certificate':[{'uri':'/a','private-key':"
		 "'pkcs11:object=a?pin-source=/pin'}]");
	assert_int_equal(mrkm.base.trust.certificate_count, 1);
}

static void patterns_arrive(void **state)
{
	apply(ME ",'key-server':{'group':[{'name':'CORE','member-limit':7,"
		 "'member':[{'type':'fqdn','value':'*.example.net',"
		 "'certificate':[null],'receiver-only':[null]}]}]}");
	assert_int_equal(applied.ks_group.member_limit, 7);
	assert_true(applied.ks_member.pattern);
	assert_true(applied.ks_member.receiver_only);
	assert_int_equal(applied.ks_member.identity.type, GIKEV2_ID_FQDN);
	assert_int_equal(applied.ks_member.identity.len, 13);
	apply(ME
	      ",'key-server':{'group':[{'name':'CORE',"
	      "'member':[{'type':'key-id','value':'*','certificate':[null]}]}]}");
	assert_int_equal(applied.ks_group.member_limit, 0);
	assert_false(applied.ks_member.pattern);
	assert_false(applied.ks_member.receiver_only);
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'fqdn','value':'r*.net','certificate':[null]}]"),
		WORDS("CORE", "fqdn r*.net", "no pattern", "*.DOMAIN"));
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'address','value':'10.0.0.0/40','certificate':[null]}]"),
		WORDS("10.0.0.0/40", "PREFIX/LENGTH"));
}

/* One name is one member, however it is written. */
static void names_of_members(void **state)
{
	apply(ME ",'key-server':{'group':[{'name':'CORE',"
		 "'member':[{'type':'fqdn','value':'R1.Example.net',"
		 "'certificate':[null]}]}]}");
	assert_int_equal(applied.ks_member.identity.len, 14);
	assert_memory_equal(applied.ks_member.identity.data, "r1.example.net",
			    14);
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'fqdn','value':'R1','certificate':[null]},"
			"{'type':'fqdn','value':'r1','certificate':[null]}]"),
		WORDS("CORE", "fqdn r1", "already", "remove"));
	expect_problem(
		ME "," KS_GROUP(
			"CORE",
			",'member':[{'type':'address','value':'2001:db8::1','certificate':[null]},"
			"{'type':'address','value':'2001:db8:0::1','certificate':[null]}]"),
		WORDS("address 2001:db8:", "already", "another way"));
}

static void credentials_of_members_arrive(void **state)
{
	apply(ME ",'key-server':{'group':[{'name':'CORE',"
		 "'authentication':{'remote':'pre-shared-key'},"
		 "'ppk':[{'id':'all','file':'/all.ppk'}],"
		 "'member':[{'type':'fqdn','value':'r1','certificate':[null],"
		 "'trust-anchor':'LAB',"
		 "'ppk':[{'id':'one','file':'/1.ppk','required':true}]}]}]}");
	assert_int_equal(applied.ks_group.auth.own, 0);
	assert_int_equal(applied.ks_group.auth.peer, GIKEV2_BY_PSK);
	assert_int_equal(applied.ks_group.ppk_count, 1);
	assert_string_equal(applied.ks_group.ppks[0].id, "all");
	assert_false(applied.ks_group.ppks[0].required);
	assert_true(applied.ks_member.certificate);
	assert_null(applied.ks_member.psk_file);
	assert_string_equal(applied.trust_anchor, "LAB");
	assert_int_equal(applied.ks_member.ppk_count, 1);
	assert_string_equal(applied.ks_member.ppks[0].file, "/1.ppk");
	assert_true(applied.ks_member.ppks[0].required);
}

static void key_exchanges_arrive(void **state)
{
	const struct gikev2_addke *addke = &mrkm.engine->params.addke[0];
	struct gikev2_params usual;

	gikev2_params_default(&usual);
	apply(ME
	      ",'additional-key-exchange':{'method':['ecp-384','ML-KEM-768'],'required':true}");
	assert_int_equal(addke->methods[0], 20);
	assert_int_equal(addke->methods[1], 36);
	assert_int_equal(addke->methods[2], 0);
	assert_true(addke->mandatory);
	apply(ME ",'additional-key-exchange':{}");
	assert_int_equal(addke->methods[0], 0);
	apply(ME);
	assert_memory_equal(addke, &usual.addke[0], sizeof(*addke));
}

static void keep_keys_arrives(void **state)
{
	apply(ME);
	assert_false(mrkm.base.keep.wanted);
	apply(ME ",'keep-keys':{}");
	assert_true(mrkm.base.keep.wanted);
	assert_string_equal(mrkm.base.keep.file, "");
	assert_string_equal(mrkm.base.keep.key, "");
	apply(ME ",'keep-keys':{'file':'/k.db','key':'pkcs11:object=k'}");
	assert_string_equal(mrkm.base.keep.file, "/k.db");
	assert_string_equal(mrkm.base.keep.key, "pkcs11:object=k");
}

/* The key may be named without the file, which has a default. */
static void state_arrives(void **state)
{
	apply(ME ",'key-server':{}");
	assert_false(mrkm.base.state_none);
	assert_string_equal(mrkm.base.state_file, "");
	assert_string_equal(mrkm.base.state_key, "");
	apply(ME ",'key-server':{'state-key':'pkcs11:object=s'}");
	assert_string_equal(mrkm.base.state_file, "");
	assert_string_equal(mrkm.base.state_key, "pkcs11:object=s");
	apply(ME ",'key-server':{'state-file':'/s','state-key':'/k'}");
	assert_string_equal(mrkm.base.state_file, "/s");
	assert_string_equal(mrkm.base.state_key, "/k");
	apply(ME ",'key-server':{'state-file':'none'}");
	assert_true(mrkm.base.state_none);
}

static void ports_arrive(void **state)
{
	struct gikev2_params params = mrkm.engine->params;

	assert_int_equal(params.nat_port, 0);
	apply(ME
	      ",'port':500,'nat-traversal-port':4500,'group':[{'name':'CORE',"
	      "'key-server':[{'address':'10.0.0.2'},"
	      "{'address':'10.0.0.1','port':848,'nat-traversal-port':8480}]}]");
	assert_int_equal(mrkm.base.nat_port, 4500);
	assert_int_equal(mrkm.engine->params.nat_port, 4500);
	assert_int_equal(applied.group.servers[0].endpoint.port, 500);
	assert_int_equal(applied.group.servers[0].nat_port, 0);
	assert_int_equal(applied.group.servers[1].endpoint.port, 848);
	assert_int_equal(applied.group.servers[1].nat_port, 8480);
	apply(ME);
	assert_int_equal(mrkm.engine->params.nat_port, 0);
}

/* Sockets before groups, own groups before others', and last words heard. */
static void order(void **state)
{
	struct mrkm_group gone = { .config = { .name = "GONE" } };

	mrkm_groups_add(&mrkm.groups, &gone);
	apply(ME
	      ",'group':[{'name':'A'}],'key-server':{'group':[{'name':'A'}]}");
	assert_string_equal(applied.log,
			    "io;ks group A;group A;no group GONE;");

	mrkm_groups_add(&mrkm.groups, &gone);
	memset(&applied, 0, sizeof(applied));
	mrkm_config_apply(NULL);
	assert_string_equal(applied.log, "no group GONE;io;");
	assert_false(mrkm.base.enabled);
}

static void another_name_registers_anew(void **state)
{
	apply(ME);
	assert_null(strstr(applied.log, "reregister"));
	apply(ME);
	assert_null(strstr(applied.log, "reregister"));
	apply("'identity':{'type':'fqdn','value':'other'}");
	assert_non_null(strstr(applied.log, "reregister"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities),
		cmocka_unit_test(bad_identities),
		cmocka_unit_test(unwritable_identities),
		cmocka_unit_test(copy_of_identity),
		cmocka_unit_test(nothing_and_little),
		cmocka_unit_test(identity_comes_first),
		cmocka_unit_test(key_servers),
		cmocka_unit_test(protocols),
		cmocka_unit_test(algorithms_are_those_of_the_table),
		cmocka_unit_test(delays),
		cmocka_unit_test(lifetime_leaves_room),
		cmocka_unit_test(one_key_chain_one_owner),
		cmocka_unit_test(one_identity_one_group),
		cmocka_unit_test(members_must_have_identities),
		cmocka_unit_test(members_must_have_credentials),
		cmocka_unit_test(key_exchanges),
		cmocka_unit_test(too_many_listen),
		cmocka_unit_test(one_port_one_use),
		cmocka_unit_test_setup_teardown(defaults, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(preferences, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(everything_arrives, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(key_server_arrives, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(keep_keys_arrives, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(state_arrives, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(ports_arrive, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(certificates_arrive,
						with_engine, without_engine),
		cmocka_unit_test_setup_teardown(credentials_of_a_group_arrive,
						with_engine, without_engine),
		cmocka_unit_test_setup_teardown(names_of_members, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(credentials_of_members_arrive,
						with_engine, without_engine),
		cmocka_unit_test_setup_teardown(no_pins, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(patterns_arrive, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(key_exchanges_arrive,
						with_engine, without_engine),
		cmocka_unit_test_setup_teardown(order, with_engine,
						without_engine),
		cmocka_unit_test_setup_teardown(another_name_registers_anew,
						with_engine, without_engine),
	};

	return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
