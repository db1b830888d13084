-- Values as expressions, in columns of each kind.
SET timestamp = 1700000000;
SET time_zone = '+00:00';
SET @one = 1, @text = 'it''s', @early = @one;
SET @sum = @one + 1;
CREATE TABLE texts (id INT PRIMARY KEY, a VARCHAR(200), b TEXT, c CHAR(9), e ENUM('x','y z','1'), s SET('p','q','r'));
INSERT INTO texts VALUES
  (1, CONCAT('a', 1, 2.50, NULL), CONCAT_WS(',', 'a', NULL, 1.5), 'b  ', 'Y Z', 'r,p'),
  (2, 60*60, 7/2, -7 % 3, 2, 5),
  (3, 0x414243, b'1000001', X'61', '1', ''),
  (4, _utf8mb4'é', N'x', _binary 'y', 1, 'q'),
  (5, TRUE, FALSE, NULL, 'x', NULL),
  (6, CURDATE(), NOW(), CURTIME(), NULL, NULL),
  (7, MD5('x'), SHA2('x', 256), NULL, NULL, NULL),
  (8, HEX('abc'), UNHEX('616263'), UPPER('straße'), NULL, NULL),
  (9, @text, @sum, @early, NULL, NULL),
  (10, IFNULL(NULL, 'i'), COALESCE(NULL, 2), REPEAT('ab', 3), NULL, NULL),
  (11, 1e3, 1.50, 007, NULL, NULL),
  (12, 10 DIV 3, 10 % 4, 10 - 3, NULL, NULL),
  (13, 1.10 * 1.10, 0.1 + 0.2, 1 - 0.90, NULL, NULL),
  (14, '2' * '3', '1.5' + 1, 1e2 / 4, NULL, NULL),
  (15, FLOOR(-1.5), CEIL(1.2), FLOOR('2.7'), NULL, NULL),
  (16, NOW() - INTERVAL 1 DAY, DATE_ADD('2024-01-31', INTERVAL 1 MONTH), NULL, NULL, NULL),
  (17, DATE_SUB('2024-03-01', INTERVAL 1 SECOND), '2024-02-29' + INTERVAL 1 YEAR, NULL, NULL, NULL),
  (18, UNIX_TIMESTAMP(), UNIX_TIMESTAMP('2024-01-02 03:04:05'), NULL, NULL, NULL),
  (19, FROM_UNIXTIME(86400), NOW() + 0, CURDATE() + 1, NULL, NULL),
  (20, JSON_OBJECT('a', 1), JSON_ARRAY(1, 'x', NULL), NULL, NULL, NULL),
  (21, 'tab\there', 'back\\slash', 'nul\0', NULL, NULL),
  (22, 'two ' 'parts', "it's", '\'q\'', NULL, NULL),
  (23, DATE '2024-01-02', TIMESTAMP '2024-01-02 03:04:05', TIME '03:04', NULL, NULL);
CREATE TABLE numbers (id INT PRIMARY KEY, i INT, u BIGINT UNSIGNED, d DECIMAL(10,2), f FLOAT, g DOUBLE, h DOUBLE(8,3), b BIT(8), y YEAR, t TINYINT(1));
INSERT INTO numbers VALUES
  (1, 60*60, 0x10, 1.005, 1.5, 1e3, 1.23456, b'101', 2024, TRUE),
  (2, -7/2, 0xFF, 7/3, 0.1, '1.25', -1.0005, 'A', '1999', FALSE),
  (3, '12', '9223372036854775807', '12.345', 1e-5, 0x10, 2.5, 0x41, 0, '1'),
  (4, CURDATE(), NOW(), -0.004, 16777217, 1/3, 12345.6785, 65, NULL, 1.5),
  (5, 2.5, 3.5, -2.5, -1.5e2, 2, 0.0005, X'0001', 2155, -1),
  (6, 1.4999, TRUE, TRUE, b'11', b'11', 0x02, FALSE, 1901, 0x01),
  (7, '  7', ' 8 ', ' 1.5 ', '1e2', '-1e-2', '+3', NULL, NULL, NULL);
CREATE TABLE moments (id INT PRIMARY KEY, d DATE, dt DATETIME, p DATETIME(3), ts TIMESTAMP NULL DEFAULT NULL, c TIME);
INSERT INTO moments VALUES
  (1, NOW(), CURDATE(), NOW(), NOW(), NOW()),
  (2, '2024-1-2', '2024-01-02 3:4:5', '2024-01-02 03:04:05.678', '2024-01-02 03:04:05', '1:2:3'),
  (3, '20240102', 20240102030405, 20240102, '2024/01/02 03:04', '03:04'),
  (4, '2024-01-02 10:11:12', '2024-01-02', '2024-01-02 23:59:59.999', '2024-12-31 23:59:59', '100:00:00'),
  (5, CURDATE() - INTERVAL 1 MONTH, NOW() + INTERVAL 90 MINUTE, NOW() + INTERVAL 1.5 SECOND, FROM_UNIXTIME(1700000000), CURTIME()),
  (6, 20240102, '2024-01-02T03:04:05', '2024-01-02 03:04:05.5', UTC_TIMESTAMP(), '838:59:59');
CREATE TABLE bytes (id INT PRIMARY KEY, b BLOB, v VARBINARY(20), f BINARY(4));
INSERT INTO bytes VALUES
  (1, 'é', _binary 'ab\0', 'x'),
  (2, 0xDEADBEEF, X'', b'1'),
  (3, 12, 1.50, TRUE),
  (4, CONCAT(_binary 0xff, 'a'), UNHEX('ff00'), '\Z'),
  (5, NOW(), '', NULL);
CREATE TABLE padded (id INT PRIMARY KEY, g VARCHAR(20) COLLATE utf8mb4_general_ci, u VARCHAR(20) COLLATE utf8mb4_unicode_ci, n VARCHAR(20) COLLATE utf8mb4_bin);
INSERT INTO padded VALUES (1,'a','a','a'),(2,'a ','a ','a '),(3,'A','A','A'),(4,'é','é','é'),(5,'ß','ß','ß'),(6,'ss','ss','ss'),(7,'😀','😀','😀'),(8,'😁','😁','😁'),
  (9,'a\t','a\t','a\t'),(10,'a!','a!','a!'),(11,'','',''),(12,' ',' ',' '),(13,'s','s','s'),(14,'Å','Å','Å'),(15,'a_','a_','a_'),(16,'a0','a0','a0');

