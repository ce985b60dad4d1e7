{-# LANGUAGE LambdaCase #-}

-- | A queue with priorities, as a leftist heap.
module Data.Queue
  ( Queue
  , empty
  , insert
  , pop
  , fromList
  , toSortedList
  ) where

import Data.List (unfoldr)
import qualified Data.Map.Strict as Map

data Queue a
  = Empty
  | Node
      { rank :: !Int
      , top :: a
      , left :: Queue a
      , right :: Queue a
      }
  deriving (Eq, Show)

empty :: Queue a
empty = Empty

rankOf :: Queue a -> Int
rankOf = \case
  Empty -> 0
  Node { rank = r } -> r

node :: a -> Queue a -> Queue a -> Queue a
node x a b
  | rankOf a >= rankOf b = Node (rankOf b + 1) x a b
  | otherwise = Node (rankOf a + 1) x b a

merge :: Ord a => Queue a -> Queue a -> Queue a
merge Empty q = q
merge q Empty = q
merge q@(Node _ x l r) q'@(Node _ y l' r')
  | x <= y = node x l (merge r q')
  | otherwise = node y l' (merge q r')

insert :: Ord a => a -> Queue a -> Queue a
insert x = merge (Node 1 x Empty Empty)

pop :: Ord a => Queue a -> Maybe (a, Queue a)
pop Empty = Nothing
pop (Node _ x l r) = Just (x, merge l r)

fromList :: Ord a => [a] -> Queue a
fromList = foldr insert empty

toSortedList :: Ord a => Queue a -> [a]
toSortedList = unfoldr pop

-- 统计每个词出现多少次
histogram :: String -> Map.Map String Int
histogram text = Map.fromListWith (+) [(word, 1) | word <- words text]

main :: IO ()
main = do
  text <- getContents
  let counts = histogram text
      queue = fromList [(negate n, w) | (w, n) <- Map.toList counts]
  mapM_ display (take 10 (toSortedList queue))
  putStrLn "done :)"
  where
    display (n, w) = putStrLn (w ++ ": " ++ show (negate n))
