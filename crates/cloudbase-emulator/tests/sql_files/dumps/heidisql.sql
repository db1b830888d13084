-- --------------------------------------------------------
-- Host:                         127.0.0.1
-- Server version:               8.0.36 - MySQL Community Server - GPL
-- Server OS:                    Win64
-- HeidiSQL Version:             12.8.0.6908
-- --------------------------------------------------------

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8 */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;


-- Dumping database structure for shop
DROP DATABASE IF EXISTS `shop`;
CREATE DATABASE IF NOT EXISTS `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE `shop`;

-- Dumping structure for table shop.item
DROP TABLE IF EXISTS `item`;
CREATE TABLE IF NOT EXISTS `item` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `shelf_id` int unsigned DEFAULT NULL,
  `name` varchar(50) COLLATE utf8mb4_0900_ai_ci NOT NULL DEFAULT '0',
  `price` decimal(20,6) unsigned NOT NULL DEFAULT '0.000000',
  `weight` float unsigned DEFAULT NULL,
  `code` binary(3) DEFAULT NULL,
  `picture` blob,
  `meta` json DEFAULT NULL,
  `dug` bit(1) NOT NULL DEFAULT (0),
  PRIMARY KEY (`id`) USING BTREE,
  UNIQUE KEY `name_shelf` (`name`,`shelf_id`),
  KEY `FK_item_shelf` (`shelf_id`),
  CONSTRAINT `FK_item_shelf` FOREIGN KEY (`shelf_id`) REFERENCES `shelf` (`id`) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT `CC1` CHECK ((`price` >= 0))
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci ROW_FORMAT=DYNAMIC;

-- Dumping data for table shop.item: ~2 rows (approximately)
DELETE FROM `item`;
/*!40000 ALTER TABLE `item` DISABLE KEYS */;
INSERT INTO `item` (`id`, `shelf_id`, `name`, `price`, `weight`, `code`, `picture`, `meta`, `dug`) VALUES
	(1, 2, 'it''s one; -- not two', 1.500000, 0.25, _binary 0x616200, _binary 0xffd8, '{"a": 1}', b'1'),
	(4, NULL, 'four \\ "q"', 0.000000, NULL, NULL, NULL, NULL, b'0');
/*!40000 ALTER TABLE `item` ENABLE KEYS */;

-- Dumping structure for table shop.shelf
DROP TABLE IF EXISTS `shelf`;
CREATE TABLE IF NOT EXISTS `shelf` (
  `id` int unsigned NOT NULL DEFAULT '0',
  `label` tinytext,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;

-- Dumping data for table shop.shelf: ~1 rows (approximately)
INSERT INTO `shelf` (`id`, `label`) VALUES
	(2, 'left');

/*!40103 SET TIME_ZONE=IFNULL(@OLD_TIME_ZONE, 'system') */;
/*!40101 SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '') */;
/*!40014 SET FOREIGN_KEY_CHECKS=IFNULL(@OLD_FOREIGN_KEY_CHECKS, 1) */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40111 SET SQL_NOTES=IFNULL(@OLD_SQL_NOTES, 1) */;
