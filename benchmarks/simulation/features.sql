-- Plain columns and truth of each listing.
CREATE OR REPLACE TEMP TABLE base AS
SELECT l.listing_id, l.merchant_id, ($NOW - epoch(l.listed_at)) / 86400 listing_age,
  ($NOW - epoch(m.registered_at)) / 86400 merchant_age, l.price / CASE l.currency WHEN 'USD' THEN 1.10 WHEN 'CNY' THEN 7.80 WHEN 'GBP' THEN 0.85 ELSE 1.0 END price_eur,
  length(l.title) title_length, (l.brand IS NULL)::INT brand_empty, s.n_sales, s.n_returns, s.n_returned_as_fake,
  r.rating, coalesce(r.n, 0) n_reviews, r.says_fake, coalesce(i.n, 0) n_images, dense_rank() OVER (ORDER BY l.category) category,
  dense_rank() OVER (ORDER BY m.country) country, (l.gtin IS NOT NULL)::INT has_gtin, l.n_edits,
  count(*) OVER (PARTITION BY l.merchant_id) merchant_size, (l.ships_from <> m.country)::INT ships_elsewhere,
  regexp_matches(lower(l.title), '$SLANG')::INT slang, regexp_matches(l.title, '$ODD')::INT odd_letters,
  ln(l.price / CASE l.currency WHEN 'USD' THEN 1.10 WHEN 'CNY' THEN 7.80 WHEN 'GBP' THEN 0.85 ELSE 1.0 END) - ln(median(l.price / CASE l.currency WHEN 'USD' THEN 1.10 WHEN 'CNY' THEN 7.80 WHEN 'GBP' THEN 0.85 ELSE 1.0 END) OVER (PARTITION BY coalesce(l.brand, ''), l.category)) price_ratio,
  ln(l.price / CASE l.currency WHEN 'USD' THEN 1.10 WHEN 'CNY' THEN 7.80 WHEN 'GBP' THEN 0.85 ELSE 1.0 END) - ln(median(l.price / CASE l.currency WHEN 'USD' THEN 1.10 WHEN 'CNY' THEN 7.80 WHEN 'GBP' THEN 0.85 ELSE 1.0 END) OVER (PARTITION BY l.category)) category_ratio,
  t.is_counterfeit::INT fake, t.caught::INT caught, t.adversary
FROM listings l JOIN merchants m USING (merchant_id) JOIN listing_stats s USING (listing_id) JOIN truth t USING (listing_id)
LEFT JOIN (SELECT listing_id, avg(rating) rating, count(*) n, sum(regexp_matches(lower(text), '$SAYS_FAKE')::INT) says_fake FROM reviews GROUP BY 1) r USING (listing_id)
LEFT JOIN (SELECT listing_id, count(*) n FROM images GROUP BY 1) i USING (listing_id);

-- A verdict counts for others only when it was decided before the listing is rated: at its own verdict or, when it
-- has none, after a lag of the same distribution. Rating those today instead would show the label through the clock.
CREATE OR REPLACE TEMP TABLE rated AS
SELECT l.listing_id, l.merchant_id, min(epoch(v.decided_at)) FILTER (v.verdict = 'counterfeit') caught_at,
  coalesce(min(epoch(v.decided_at)), any_value(epoch(l.listed_at) + least(
    -25 * 86400 * ln(1 - (hash(l.listing_id) % 1000003) / 1000003.0),
    ($NOW - epoch(l.listed_at)) * (0.05 + 0.93 * (hash(l.listing_id || 'x') % 1000003) / 1000003.0)))) rated
FROM listings l LEFT JOIN verdicts v ON v.subject_id = l.listing_id AND v.subject_type = 'listing' GROUP BY 1, 2;

-- Who else has the same title, and how many of those were caught.
CREATE OR REPLACE TEMP TABLE by_title AS
WITH members AS (SELECT k, listing_id, merchant_id, rated, caught_at, count(*) OVER (PARTITION BY k) n
                 FROM (SELECT listing_id, title k FROM listings WHERE title IS NOT NULL) JOIN rated USING (listing_id)),
small AS (SELECT * FROM members WHERE n BETWEEN 2 AND 3000),
known AS (SELECT k, merchant_id, caught_at FROM small WHERE caught_at IS NOT NULL),
sums AS (SELECT s.k, s.listing_id, count(*) caught FROM small s JOIN known o ON o.k = s.k AND o.merchant_id <> s.merchant_id AND o.caught_at < s.rated GROUP BY 1, 2),
away AS (SELECT k, merchant_id, any_value(n) - count(*) AS n_away FROM small GROUP BY 1, 2)
SELECT listing_id, max(n_away) copies, max(coalesce(caught, 0) / (n_away + 2.0)) caught_rate
FROM small JOIN away USING (k, merchant_id) LEFT JOIN sums USING (k, listing_id) GROUP BY 1;

-- Who else has the same text, and how many of those were caught.
CREATE OR REPLACE TEMP TABLE by_text AS
WITH members AS (SELECT k, listing_id, merchant_id, rated, caught_at, count(*) OVER (PARTITION BY k) n
                 FROM (SELECT listing_id, description k FROM listings WHERE description IS NOT NULL) JOIN rated USING (listing_id)),
small AS (SELECT * FROM members WHERE n BETWEEN 2 AND 3000),
known AS (SELECT k, merchant_id, caught_at FROM small WHERE caught_at IS NOT NULL),
sums AS (SELECT s.k, s.listing_id, count(*) caught FROM small s JOIN known o ON o.k = s.k AND o.merchant_id <> s.merchant_id AND o.caught_at < s.rated GROUP BY 1, 2),
away AS (SELECT k, merchant_id, any_value(n) - count(*) AS n_away FROM small GROUP BY 1, 2)
SELECT listing_id, max(n_away) copies, max(coalesce(caught, 0) / (n_away + 2.0)) caught_rate
FROM small JOIN away USING (k, merchant_id) LEFT JOIN sums USING (k, listing_id) GROUP BY 1;

-- Who else has the same picture, and how many of those were caught.
CREATE OR REPLACE TEMP TABLE by_picture AS
WITH members AS (SELECT k, listing_id, merchant_id, rated, caught_at, count(*) OVER (PARTITION BY k) n
                 FROM (SELECT DISTINCT listing_id, pdq k FROM images) JOIN rated USING (listing_id)),
small AS (SELECT * FROM members WHERE n BETWEEN 2 AND 3000),
known AS (SELECT k, merchant_id, caught_at FROM small WHERE caught_at IS NOT NULL),
sums AS (SELECT s.k, s.listing_id, count(*) caught FROM small s JOIN known o ON o.k = s.k AND o.merchant_id <> s.merchant_id AND o.caught_at < s.rated GROUP BY 1, 2),
away AS (SELECT k, merchant_id, any_value(n) - count(*) AS n_away FROM small GROUP BY 1, 2)
SELECT listing_id, max(n_away) copies, max(coalesce(caught, 0) / (n_away + 2.0)) caught_rate
FROM small JOIN away USING (k, merchant_id) LEFT JOIN sums USING (k, listing_id) GROUP BY 1;

-- Everything, one row per listing.
CREATE OR REPLACE TEMP TABLE everything AS
WITH shop AS (
  SELECT a.listing_id, count(*) n_caught FROM rated a JOIN rated b
  ON a.merchant_id = b.merchant_id AND a.listing_id <> b.listing_id AND b.caught_at < a.rated GROUP BY 1),
product AS (SELECT b.name brand, p.model, p.category, any_value(p.weight_g) weight, any_value(p.attributes) attributes FROM products p JOIN brands b USING (brand_id) GROUP BY ALL),
norm AS (SELECT category, median(weight_g) weight FROM products GROUP BY 1),
parcels AS (
  SELECT o.listing_id, median(o.parcel_weight_g / o.quantity / n.weight) weight_ratio, avg((o.ships_from <> l.ships_from)::INT) scanned_elsewhere,
    sum((o.refund_reason IN ('counterfeit', 'not authentic'))::INT) n_refunds_as_fake
  FROM orders o JOIN listings l USING (listing_id) JOIN norm n ON n.category = l.category GROUP BY 1),
filed AS (SELECT name brand, unnest(from_json(authorised_merchants, '["VARCHAR"]')) merchant_id FROM brands),
checks AS (
  SELECT l.listing_id, (l.gtin IS NOT NULL AND l.brand IS NOT NULL AND NOT starts_with(substr(l.gtin, 2), json_extract_string(b.gtin_prefixes, '$[0]')))::INT gtin_elsewhere,
    coalesce(regexp_matches(l.attributes, 'universal|multi|premium') OR try_cast(regexp_extract(l.attributes, '([0-9]+)0"', 1) AS INT) >= 3000, false)::INT impossible,
    (f.merchant_id IS NOT NULL)::INT authorised
  FROM listings l LEFT JOIN brands b ON b.name = l.brand LEFT JOIN filed f ON f.brand = l.brand AND f.merchant_id = l.merchant_id)
SELECT base.*, coalesce(n_caught, 0) shop_caught, coalesce(n_caught, 0) / (merchant_size + 2.0) shop_caught_rate,
  coalesce(says_fake, 0) / (n_reviews + 3.0) says_fake_rate,
  coalesce(t.copies, 0) title_copies, coalesce(t.caught_rate, 0) title_caught_rate, coalesce(x.copies, 0) text_copies,
  coalesce(x.caught_rate, 0) text_caught_rate, coalesce(p.copies, 0) picture_copies, coalesce(p.caught_rate, 0) picture_caught_rate,
  weight_ratio, scanned_elsewhere, n_refunds_as_fake, gtin_elsewhere, impossible, authorised
FROM base LEFT JOIN shop USING (listing_id) LEFT JOIN by_title t USING (listing_id) LEFT JOIN by_text x USING (listing_id)
LEFT JOIN by_picture p USING (listing_id) LEFT JOIN parcels USING (listing_id) LEFT JOIN checks USING (listing_id);
