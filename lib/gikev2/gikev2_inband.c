// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_INBAND_REKEY and GSA_REKEY at the group member (RFC 9838 section 2.4).
 */
#include <string.h>

#include "gikev2/gikev2_sender.h"

/* A Delete payload that names no SPI, or the zero SPI, means all of them. */
static bool deletes_all(const struct gikev2_pld_delete *delete)
{
	for (size_t i = 0; i < delete->spis.len; i++)
		if (delete->spis.ptr[i])
			return false;
	return true;
}

static bool names(const struct gikev2_pld_delete *delete,
		  const struct keytable_row *row)
{
	uint8_t wire = row->ipsec.wire ? row->ipsec.wire : row->protocol;

	if (delete->protocol == GIKEV2_PROTO_NONE || deletes_all(delete))
		return true;
	if (delete->protocol != wire || delete->spi_size > 4)
		return false;
	for (size_t i = 0; i < delete->count; i++)
		if (gikev2_get_int(delete->spis.ptr + i * delete->spi_size,
				   delete->spi_size) == row->id)
			return true;
	return false;
}

/* D(0) deletes the whole Group SA, of which the Rekey SA is a part. */
static bool is_excluded(const struct gikev2_payloads *payloads)
{
	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_pld_delete *delete =
			&payloads->item[i].delete;

		if (payloads->item[i].type != GIKEV2_PLD_DELETE)
			continue;
		if (delete->protocol == GIKEV2_PROTO_NONE ||
		    (delete->protocol == GIKEV2_PROTO_GIKE_UPDATE &&
		     deletes_all(delete)))
			return true;
	}
	return false;
}

/* Rekey SAs by their SPI; true when the present one went. */
static bool delete_rekey_sas(struct gikev2_member *member,
			     const struct gikev2_payloads *payloads)
{
	bool gone = false;

	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_pld_delete *delete =
			&payloads->item[i].delete;

		if (payloads->item[i].type != GIKEV2_PLD_DELETE ||
		    delete->protocol != GIKEV2_PROTO_GIKE_UPDATE ||
		    delete->spi_size != GIKEV2_KEK_SPI_LEN)
			continue;
		for (size_t j = 0; j < delete->count; j++)
			gone |= gikev2_keks_delete(
				member,
				delete->spis.ptr + j * delete->spi_size);
	}
	return gone;
}

/* What is named and was here before this message is over at `end`. */
static void apply_deletes(struct gikev2_rows *rows, size_t older,
			  const struct gikev2_payloads *payloads, uint64_t end)
{
	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_payload *payload = &payloads->item[i];

		if (payload->type != GIKEV2_PLD_DELETE ||
		    payload->delete.protocol == GIKEV2_PROTO_GIKE_UPDATE)
			continue;
		for (size_t j = 0; j < older; j++) {
			struct keytable_row *row = &rows->row[j];

			if (!names(&payload->delete, row))
				continue;
			if (row->accept_end > end)
				row->accept_end = end;
			if (row->send_end > end)
				row->send_end = end;
		}
	}
}

/* Does it say anything that is not known yet? */
static bool brings_news(struct gikev2_member *member, struct gikev2_rx *rx,
			const struct gikev2_download *download)
{
	return download->kek.alive ||
	       gikev2_rollover_news(gikev2_member_rows(member), download) ||
	       (!download->keys.count &&
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_DELETE));
}

/* New keys, a new Rekey SA, and after DTD the end of what D names. */
static int install(struct gikev2_member *member, struct gikev2_rx *rx,
		   struct gikev2_download *download)
{
	struct gikev2_rows *rows = gikev2_member_rows(member);
	uint64_t delay = download->dtd > download->atd ? download->dtd
						       : download->atd;
	int ret;

	apply_deletes(rows, rows->count, rx->payloads, rx->now + delay);
	ret = gikev2_rollover_rekey(rows, download, rx->now);
	if (ret == 0 && download->kek.alive) {
		gikev2_keks_set(member, download, rx->now + delay, rx->now);
		gikev2_member_recovered(member, -GIKEV2_ERR_NEXT_SPI, rx->now);
	}
	/* only a registration tells Sender-IDs */
	if (ret == 0 && download->sender_id_missing)
		gikev2_member_cannot(member, -GIKEV2_ERR_SENDER_ID, rx->now);
	return ret;
}

/* Only D: at once, since no delay came with it. */
static void delete_only(struct gikev2_member *member, struct gikev2_rx *rx)
{
	struct gikev2_rows *rows = gikev2_member_rows(member);

	apply_deletes(rows, rows->count, rx->payloads, rx->now);
	gikev2_rollover_expire(rows, rx->now);
}

static void applied(struct gikev2_member *member, struct gikev2_rx *rx,
		    bool news)
{
	gikev2_member_rekeyed(member, news, rx->now);
	if (is_excluded(rx->payloads))
		gikev2_member_excluded(member, rx->now);
	else if (delete_rekey_sas(member, rx->payloads))
		gikev2_member_recover(member, -GIKEV2_ERR_DELETED, rx->now);
}

int gikev2_member_rekey(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_payload *idg =
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDG);
	const struct gikev2_tie *tie = idg ? gikev2_tie_named(ike, &idg->id)
					   : NULL;
	struct gikev2_member *member = tie ? tie->member : NULL;
	struct gikev2_download download;
	bool news = true;
	int ret = 0, answered;

	/* we left, and the server will hear of it; others still use the SA */
	if (tie && !member) {
		gikev2_count(ike->engine, -GIKEV2_ERR_INVALID_GROUP);
		return gikev2_respond_notify(ike, rx, 0, NULL, 0);
	}
	if (!idg)
		member = gikev2_ike_inband(ike);
	/* an answer would be taken for the member's acknowledgement */
	if (!member)
		return -GIKEV2_ERR_BAD_STATE;
	gikev2_download_clear(&download);
	if (gikev2_payload_find(rx->payloads, GIKEV2_PLD_GSA)) {
		ret = gikev2_policy_read_ike(ike, member, rx, false, &download);
		news = ret == 0 && brings_news(member, rx, &download);
		if (ret == 0)
			ret = install(member, rx, &download);
		gikev2_download_wipe(&download);
	} else {
		delete_only(member, rx);
	}
	if (ret < 0 && gikev2_err_to_notify(ret) != GIKEV2_N_NO_PROPOSAL_CHOSEN)
		return ret;
	if (ret == 0) {
		gikev2_tie_rekeyed(ike, member, rx->now);
		applied(member, rx, news);
	}
	answered = gikev2_respond_notify(ike, rx, 0, NULL, 0);
	if (ret < 0)
		gikev2_member_refuse(member, ike, ret, rx->now);
	return answered;
}

/* ----------------------------------------------------------------- multicast */

static int read_push(struct gikev2_member *member, struct gikev2_kek *kek,
		     struct gikev2_rx *rx, struct gikev2_download *download)
{
	struct gikev2_wrapper wrapper = { .kwa = kek->kwa };
	struct gikev2_origin origin = {
		.wrapper = &wrapper,
		.carrier = kek,
		.path = &gikev2_member_keks(member)->path,
		.profile = kek->profile,
		.sender_ids = gikev2_member_sender_ids(member),
	};
	int ret;

	memcpy(wrapper.kwk, kek->gsk_w, sizeof(wrapper.kwk));
	ret = gikev2_policy_read(rx->engine, &origin, rx->payloads,
				 gikev2_member_config(member), download,
				 rx->now);
	explicit_bzero(&wrapper, sizeof(wrapper));
	/* a new key that signs, for a Rekey SA that stays */
	if (ret == 0 && !download->kek.alive)
		ret = gikev2_kek_new_auth_key(
			&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KD)->kd,
			kek);
	return ret;
}

static int apply_push(struct gikev2_member *member, struct gikev2_rx *rx,
		      struct gikev2_download *download, bool has_gsa)
{
	bool news = brings_news(member, rx, download);
	int ret = 0;

	if (has_gsa)
		ret = install(member, rx, download);
	else
		delete_only(member, rx);
	if (ret == 0)
		applied(member, rx, news);
	return ret;
}

/* Well formed, and not for us. */
static bool cannot_follow(int err)
{
	return err == -GIKEV2_ERR_EXCLUDED ||
	       gikev2_err_to_notify(err) == GIKEV2_N_NO_PROPOSAL_CHOSEN;
}

/*
 * An authentic message that we cannot follow uses up its Message ID; one that
 * is malformed does not (wire profile).  An ID that was left out is a message
 * that was lost with all its copies.
 */
int gikev2_member_push(struct gikev2_member *member, struct gikev2_kek *kek,
		       struct gikev2_rx *rx)
{
	bool has_gsa = gikev2_payload_find(rx->payloads, GIKEV2_PLD_GSA);
	bool gap = rx->header.id > kek->next_id;
	struct gikev2_download download;
	int ret = 0;

	gikev2_download_clear(&download);
	if (has_gsa)
		ret = read_push(member, kek, rx, &download);
	if (ret < 0 && !cannot_follow(ret)) {
		gikev2_download_wipe(&download);
		return ret;
	}
	kek->next_id = rx->header.id + 1;
	if (ret == 0)
		ret = apply_push(member, rx, &download, has_gsa);
	gikev2_download_wipe(&download);
	if (cannot_follow(ret))
		gikev2_member_cannot(member, ret, rx->now);
	else if (gap)
		gikev2_member_recover(member, -GIKEV2_ERR_REKEY_LOST, rx->now);
	return ret;
}
