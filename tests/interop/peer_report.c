// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as a program: what it says, one object of JSON a line.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "peer.h"

#define STATUS_MAX 8192

static const char *const ike_states[] = {
	[GIKEV2_IKE_INIT_SENT] = "init-sent",
	[GIKEV2_IKE_AUTH_SENT] = "auth-sent",
	[GIKEV2_IKE_HALF_OPEN] = "half-open",
	[GIKEV2_IKE_ESTABLISHED] = "established",
	[GIKEV2_IKE_REKEYING] = "rekeying",
	[GIKEV2_IKE_DELETING] = "deleting",
	[GIKEV2_IKE_NONE] = "none",
};

/* A stranger's octets come as \xNN, which JSON wants with two backslashes. */
static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void peer_report_event(const struct gikev2_event *event)
{
	char peer[4 * GIKEV2_ID_MAX + 16] = "";

	if (event->peer)
		gikev2_id_text(event->peer, peer, sizeof(peer));
	printf("{\"event\": \"%s\", \"reason\": \"%s\", \"detail\": ",
	       gikev2_event_name(event->type), gikev2_err_name(event->err));
	put_string(stdout, event->detail ? event->detail : "");
	printf(", \"peer\": ");
	put_string(stdout, peer);
	printf("}\n");
}

void peer_report_drop(int err)
{
	if (err)
		printf("{\"dropped\": \"%s\"}\n", gikev2_err_name(err));
}

/* -------------------------------------------------------------------- keys */

/* Seconds from now on; absent when there is no such moment. */
static void put_instant(FILE *out, const char *name, uint64_t instant,
			uint64_t now)
{
	if (instant && instant != KEYTABLE_NEVER)
		fprintf(out, ", \"%s\": %.6f", name,
			((double)instant - (double)now) / GIKEV2_SECOND);
}

static void put_key(FILE *out, const struct keytable_row *row, uint64_t now)
{
	fprintf(out,
		"{\"protocol\": \"%s\", \"id\": %u, \"algorithm\": \"%s\", \"key\": \"%.*s\"",
		keytable_protocol_by_wire(row->protocol)->name, row->id,
		keytable_algorithm_by_id(row->algorithm)->name, row->key_len,
		(const char *)row->key);
	put_instant(out, "accept_start", row->accept_start, now);
	put_instant(out, "accept_end", row->accept_end, now);
	put_instant(out, "send_start", row->send_start, now);
	put_instant(out, "send_end", row->send_end, now);
	fprintf(out, "}");
}

/* In one step: who reads it sees all of the old ones or all of the new. */
void peer_report_keys(const struct peer *peer, const struct keytable_row *rows,
		      size_t count)
{
	const char *separator = "";
	char path[4096];
	FILE *out;

	if (!peer->keys_path)
		return;
	snprintf(path, sizeof(path), "%s.new", peer->keys_path);
	out = fopen(path, "w");
	if (!out || fchmod(fileno(out), 0600) < 0)
		peer_die("%s cannot be made", path);
	fprintf(out, "[");
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].algorithm) /* IPsec: no text */
			continue;
		fprintf(out, "%s", separator);
		put_key(out, &rows[i], peer_now());
		separator = ",\n ";
	}
	fprintf(out, "]\n");
	if (fclose(out) || rename(path, peer->keys_path))
		peer_die("%s cannot be written", peer->keys_path);
}

/* ------------------------------------------------------------------ status */

static void put_hex(FILE *out, const char *name, const uint8_t *octets,
		    size_t len)
{
	fprintf(out, "\"%s\": \"", name);
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%02x", octets[i]);
	fprintf(out, "\", ");
}

static void put_suite(FILE *out, const struct gikev2_suite *suite)
{
	if (!suite->encr)
		return;
	fprintf(out,
		"\"encr\": \"%s\", \"integ\": \"%s\", \"prf\": \"%s\", \"ke\": \"%s\", \"kwa\": \"%s\", ",
		suite->encr->name, suite->integ ? suite->integ->name : "",
		suite->prf->name, suite->ke->name,
		suite->kwa ? suite->kwa->name : "");
}

static void put_ike(FILE *out, const struct gikev2_ike *ike)
{
	char text[GIKEV2_ID_MAX * 4 + 16] = "";

	fprintf(out, "{\"state\": \"%s\", \"initiator\": %s, ",
		ike_states[ike->state], ike->initiator ? "true" : "false");
	put_hex(out, "spi_i", ike->spi_i, GIKEV2_SPI_LEN);
	put_hex(out, "spi_r", ike->spi_r, GIKEV2_SPI_LEN);
	put_suite(out, &ike->suite);
	fprintf(out, "\"local_port\": %u, \"remote_port\": %u, ",
		ike->path.local.port, ike->path.remote.port);
	fprintf(out, "\"fragmentation\": %s, \"requests\": %u, ",
		ike->fragmentation ? "true" : "false", ike->send_id);
	fprintf(out, "\"outstanding\": %s, \"peer\": ",
		ike->request.ptr ? "true" : "false");
	if (ike->peer)
		gikev2_id_text(ike->peer, text, sizeof(text));
	put_string(out, text);
	fprintf(out, "}");
}

static void put_member(FILE *out, const struct peer *peer)
{
	struct gikev2_member_status status;

	if (!peer->member)
		return;
	gikev2_member_get_status(peer->member, &status);
	fprintf(out,
		", \"member\": \"%s\", \"last_error\": \"%s\", \"rekeys\": %u, \"keys\": [",
		gikev2_member_state_text(status.state),
		gikev2_err_name(status.last_error), status.rekeys);
	for (size_t i = 0; i < status.row_count; i++)
		fprintf(out, "%s[%u, %u, %u]", i ? ", " : "",
			status.rows[i].protocol, status.rows[i].id,
			status.rows[i].algorithm);
	fprintf(out, "]");
}

static void put_counters(FILE *out, const struct gikev2 *engine)
{
	const uint64_t *counters = gikev2_counters(engine);
	bool first = true;

	fprintf(out, ", \"counters\": {");
	for (int i = 1; i < GIKEV2_ERR_MAX; i++) {
		if (!counters[i])
			continue;
		fprintf(out, "%s\"%s\": %llu", first ? "" : ", ",
			gikev2_err_name(i), (unsigned long long)counters[i]);
		first = false;
	}
	fprintf(out, "}");
}

/* SAs and the member: what tests wait for. */
static void put_states(FILE *out, const struct peer *peer)
{
	const struct gikev2_ike *ike;

	fprintf(out, "\"ikes\": [");
	for (ike = peer->engine->ikes; ike; ike = ike->next) {
		put_ike(out, ike);
		if (ike->next)
			fprintf(out, ", ");
	}
	fprintf(out, "]");
	put_member(out, peer);
}

void peer_report_status(const struct peer *peer)
{
	struct gikev2_totals totals;

	gikev2_get_totals(peer->engine, &totals);
	printf("{");
	put_states(stdout, peer);
	put_counters(stdout, peer->engine);
	printf(", \"retransmissions\": %llu",
	       (unsigned long long)totals.retransmissions);
	printf("}\n");
}

void peer_report_changes(const struct peer *peer)
{
	static char before[STATUS_MAX];
	char now[STATUS_MAX] = "";
	FILE *out = fmemopen(now, sizeof(now), "w");

	if (!out)
		peer_die("no memory for a status");
	put_states(out, peer);
	fclose(out);
	if (strcmp(before, now) == 0)
		return;
	strcpy(before, now);
	peer_report_status(peer);
}
