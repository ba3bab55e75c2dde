// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as a program: its arguments, each one NAME=VALUE.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static uint64_t parse_number(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	if (!*text || *end)
		peer_die("\"%s\" is not a number", text);
	return number;
}

void peer_parse_address(const char *text, struct gikev2_endpoint *endpoint)
{
	if (inet_pton(AF_INET, text, endpoint->ip) == 1)
		endpoint->family = 4;
	else if (inet_pton(AF_INET6, text, endpoint->ip) == 1)
		endpoint->family = 6;
	else
		peer_die("\"%s\" is not an address", text);
}

static void id_from_octets(struct gikev2_id *id, uint8_t type,
			   const void *octets, size_t len)
{
	if (len > GIKEV2_ID_MAX)
		peer_die("an identity is too long");
	id->type = type;
	id->len = len;
	memcpy(id->data, octets, len);
}

/* "fqdn:r1.example.net", "email:...", "key-id:...", "address:..." */
static void parse_id(const char *text, struct gikev2_id *id)
{
	static const struct {
		const char *name;
		uint8_t type;
	} kinds[] = {
		{ "fqdn:", GIKEV2_ID_FQDN },
		{ "email:", GIKEV2_ID_RFC822_ADDR },
		{ "key-id:", GIKEV2_ID_KEY_ID },
		{ "address:", GIKEV2_ID_IPV4_ADDR },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].name);
		struct gikev2_endpoint address;

		if (strncmp(text, kinds[i].name, len))
			continue;
		id_from_octets(id, kinds[i].type, text + len,
			       strlen(text + len));
		if (kinds[i].type != GIKEV2_ID_IPV4_ADDR)
			return;
		peer_parse_address(text + len, &address);
		id_from_octets(id,
			       address.family == 4 ? GIKEV2_ID_IPV4_ADDR
						   : GIKEV2_ID_IPV6_ADDR,
			       address.ip, address.family == 4 ? 4 : 16);
		return;
	}
	peer_die("\"%s\" is no identity", text);
}

/* ------------------------------------------------------------------ engine */

static void take_identity(struct peer *peer, const char *value)
{
	parse_id(value, &peer->identity);
}

static void take_address(struct peer *peer, const char *value)
{
	peer_parse_address(value, &peer->local);
}

static void take_port(struct peer *peer, const char *value)
{
	peer->local.port = parse_number(value);
}

static void take_nat_port(struct peer *peer, const char *value)
{
	peer->params.nat_port = parse_number(value);
}

static void take_plain_ike(struct peer *peer, const char *value)
{
	peer->params.plain_ike = parse_number(value);
}

static void take_fragment_size(struct peer *peer, const char *value)
{
	peer->params.fragment_size = parse_number(value);
}

static void take_cookie_threshold(struct peer *peer, const char *value)
{
	peer->params.cookie_threshold = parse_number(value);
}

static void take_liveness(struct peer *peer, const char *value)
{
	peer->params.liveness_time = parse_number(value) * GIKEV2_SECOND / 1000;
}

static void take_retransmit(struct peer *peer, const char *value)
{
	peer->params.retransmit_time =
		parse_number(value) * GIKEV2_SECOND / 1000;
}

static void take_restart(struct peer *peer, const char *value)
{
	peer->params.restart_time = parse_number(value) * GIKEV2_SECOND;
}

/*
 * "1/20/256,4/31/0": TYPE/ID/BITS of the transforms that are left; of types
 * that are not named, all.
 */
static void take_suite(struct peer *peer, const char *value)
{
	uint32_t kept = 0, named = 0, bit;
	unsigned int type, id, bits;
	int used;

	while (sscanf(value, "%u/%u/%u%n", &type, &id, &bits, &used) == 3) {
		bit = gikev2_suite_bit(type, id, bits);
		if (!bit)
			peer_die("no such transform at \"%s\"", value);
		kept |= bit;
		for (unsigned int i = 0; i < 64; i++)
			for (unsigned int j = 0; j <= 256; j += 64)
				named |= gikev2_suite_bit(type, i, j);
		value += used;
		value += *value == ',';
	}
	if (*value)
		peer_die("\"%s\" is no list of transforms", value);
	peer->params.suite_disabled = named & ~kept;
}

static void take_keylog(struct peer *peer, const char *value)
{
	peer->keylog = fopen(value, "wx");
	if (!peer->keylog)
		peer_die("%s cannot be made", value);
}

static void take_keys(struct peer *peer, const char *value)
{
	peer->keys_path = value;
}

/* ---------------------------------------------------------- authentication */

static void take_psk(struct peer *peer, const char *value)
{
	peer->psk.len = strlen(value);
	if (peer->psk.len > sizeof(peer->psk.octets))
		peer_die("the pre-shared key is too long");
	memcpy(peer->psk.octets, value, peer->psk.len);
	peer->own = peer->others = GIKEV2_BY_PSK;
}

static void take_key(struct peer *peer, const char *value)
{
	peer->key_uri = value;
}

/* Of the key before it. */
static void take_cert(struct peer *peer, const char *value)
{
	char problem[GIKEV2_PROBLEM_MAX];

	if (peer->credential_count == PEER_CREDENTIALS_MAX ||
	    gikev2_store_credential(peer->key_uri, value, NULL, NULL,
				    &peer->credentials[peer->credential_count],
				    problem, sizeof(problem)) < 0)
		peer_die("%s", problem);
	peer->credential_count++;
	peer->own = GIKEV2_BY_CERTIFICATE;
}

static void trust(struct peer *peer, const char *value, enum gikev2_trust kind)
{
	char problem[GIKEV2_PROBLEM_MAX];

	if (!peer->anchors)
		peer->anchors = gikev2_anchors_new();
	if (gikev2_store_trust(value, kind, peer->anchors, problem,
			       sizeof(problem)) < 0)
		peer_die("%s", problem);
	peer->others = GIKEV2_BY_CERTIFICATE;
}

static void take_anchor(struct peer *peer, const char *value)
{
	trust(peer, value, GIKEV2_TRUST_ANCHOR);
}

static void take_crl(struct peer *peer, const char *value)
{
	trust(peer, value, GIKEV2_TRUST_CRL);
}

/* ------------------------------------------------------------ member, group */

static void take_server(struct peer *peer, const char *value)
{
	peer_parse_address(value, &peer->member_config.servers[0]);
	peer->member_config.server_count = 1;
}

static void take_server_port(struct peer *peer, const char *value)
{
	peer->member_config.servers[0].port = parse_number(value);
}

static void take_server_identity(struct peer *peer, const char *value)
{
	parse_id(value, &peer->member_config.server_identity);
}

static void take_ike_auth(struct peer *peer, const char *value)
{
	peer->member_config.ike_auth = parse_number(value);
}

/* "201/3/3600": Protocol, algorithm and lifetime */
static void take_serve(struct peer *peer, const char *value)
{
	struct gikev2_group_config *config = &peer->group_config;
	unsigned int protocol, algorithm, lifetime;

	if (config->protocol_count == GIKEV2_PROTOCOLS_MAX ||
	    sscanf(value, "%u/%u/%u", &protocol, &algorithm, &lifetime) != 3)
		peer_die("\"%s\" cannot be served", value);
	config->protocols[config->protocol_count++] =
		(struct gikev2_group_protocol){
			.protocol = protocol,
			.algorithm = algorithm,
			.lifetime = lifetime,
		};
}

/* "201/62": Protocol and the bits of its algorithms */
static void take_offer(struct peer *peer, const char *value)
{
	struct gikev2_member_config *config = &peer->member_config;
	unsigned int protocol, algorithms;

	if (config->offer_count == GIKEV2_PROTOCOLS_MAX ||
	    sscanf(value, "%u/%u", &protocol, &algorithms) != 2)
		peer_die("\"%s\" cannot be offered", value);
	config->offers[config->offer_count++] = (struct gikev2_offer){
		.protocol = protocol,
		.algorithms = algorithms,
	};
}

static void take_multicast(struct peer *peer, const char *value)
{
	struct gikev2_rekey_config *rekey = &peer->group_config.rekey;

	peer_parse_address(value, &rekey->destination);
	rekey->destination.port = peer->local.port;
	rekey->lifetime = 86400;
	rekey->copies = 2;
}

static void take_sign(struct peer *peer, const char *value)
{
	char problem[GIKEV2_PROBLEM_MAX];

	if (gikev2_store_private_key(value, NULL, NULL, &peer->sign_key,
				     problem, sizeof(problem)) < 0)
		peer_die("%s", problem);
	peer->group_config.rekey.key = peer->sign_key;
}

static const struct {
	const char *name;
	void (*take)(struct peer *peer, const char *value);
} arguments[] = {
	{ "identity", take_identity },
	{ "address", take_address },
	{ "port", take_port },
	{ "nat-port", take_nat_port },
	{ "plain-ike", take_plain_ike },
	{ "fragment-size", take_fragment_size },
	{ "cookie-threshold", take_cookie_threshold },
	{ "liveness", take_liveness },
	{ "retransmit", take_retransmit },
	{ "restart", take_restart },
	{ "suite", take_suite },
	{ "keylog", take_keylog },
	{ "keys", take_keys },
	{ "psk", take_psk },
	{ "key", take_key },
	{ "cert", take_cert },
	{ "anchor", take_anchor },
	{ "crl", take_crl },
	{ "server", take_server },
	{ "server-port", take_server_port },
	{ "server-identity", take_server_identity },
	{ "ike-auth", take_ike_auth },
	{ "offer", take_offer },
	{ "serve", take_serve },
	{ "multicast", take_multicast },
	{ "sign", take_sign },
};

static void take(struct peer *peer, const char *argument)
{
	const char *value = strchr(argument, '=');
	size_t len = value ? (size_t)(value - argument) : 0;

	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (len == strlen(arguments[i].name) &&
		    strncmp(argument, arguments[i].name, len) == 0) {
			arguments[i].take(peer, value + 1);
			return;
		}
	peer_die("unknown argument \"%s\"", argument);
}

void peer_take_arguments(struct peer *peer, int argc, char **argv)
{
	gikev2_params_default(&peer->params);
	peer->local.port = GIKEV2_PORT;
	peer->member_config.servers[0].port = GIKEV2_PORT;
	id_from_octets(&peer->group_config.id, GIKEV2_ID_KEY_ID, "CORE", 4);
	id_from_octets(&peer->member_config.group, GIKEV2_ID_KEY_ID, "CORE", 4);
	peer->group_config.atd = 1;
	peer->group_config.dtd = 3;
	for (int i = 1; i < argc; i++)
		take(peer, argv[i]);
	if (!peer->local.family)
		peer_die("the argument address=... is missing");
	peer->member_config.local = peer->local;
	peer->group_config.rekey.source = peer->local;
}
